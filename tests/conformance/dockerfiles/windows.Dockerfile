# escape=`
# check=skip=all
FROM mcr.microsoft.com/windows/servercore:ltsc2022
SHELL ["powershell", "-Command"]
COPY testfile.txt c:\
RUN dir c:\ `
    && echo done
ENV A=b`
  C=d
CMD ["cmd", "/c", "x"]

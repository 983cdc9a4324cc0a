"""C source with comments, strings and character constants blanked out, so that a word in them is no
finding. Lines stay where they are.
"""

import re

TOKEN = re.compile(
    r"""
    //[^\n]*                     # line comment
  | /\*.*?\*/                    # block comment
  | "(?:\\.|[^"\\\n])*"          # string
  | '(?:\\.|[^'\\\n])*'          # character
""",
    re.VERBOSE | re.DOTALL,
)


def blank(text):
    def hide(found):
        return re.sub(r"[^\n]", " ", found[0])

    return TOKEN.sub(hide, text)

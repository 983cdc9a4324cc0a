// The API's address comes with the page's own: ?api=http://…
const api = new URLSearchParams(location.search).get("api");
const out = document.getElementById("time");

if (!api) {
  out.textContent = "add ?api= and the API's address";
} else {
  fetch(`${api.replace(/\/$/, "")}/time`)
    .then((reply) => reply.json())
    .then((body) => { out.textContent = body.time; })
    .catch((error) => { out.textContent = `the API does not answer (${error.message})`; });
}

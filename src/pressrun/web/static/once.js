// A form is sent once, even by a double click: the second answer would hide the first, which may show something once or
// log somebody in. It can be sent again after some seconds, in case the first request was lost.
"use strict";

(() => {
  const WAIT = 5000;
  const sent = new WeakMap();
  document.addEventListener("submit", (event) => {
    const now = Date.now();
    if (now - (sent.get(event.target) || 0) < WAIT) event.preventDefault();
    else sent.set(event.target, now);
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) document.querySelectorAll("form").forEach((form) => sent.delete(form));
  });
})();

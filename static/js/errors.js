// An answer that did not come, or came as an error, is said on the page where it stays readable.
"use strict";

(() => {
  function say(text) {
    const notes = document.getElementById("notes");
    if (!notes) return;
    const note = document.createElement("div");
    note.className = "note note-bad";
    note.dataset.failure = "";
    note.setAttribute("role", "alert");
    const words = document.createElement("div");
    words.className = "note-text";
    words.textContent = text;
    note.append(words);
    notes.querySelectorAll("[data-failure]").forEach((old) => old.remove());
    notes.append(note);
  }

  document.addEventListener("htmx:responseError", (event) => {
    const status = event.detail.xhr.status;
    if (status === 401 || status === 403) {
      say("Weir refused this: you may have been signed out. Load the page again to see who can do it.");
    } else {
      say(`Weir answered with error ${status}. Nothing was changed by this; try again, or load the page again.`);
    }
  });
  document.addEventListener("htmx:sendError", () => {
    say("Weir cannot be reached. What you see may be old; what you typed is still here.");
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!event.detail.successful) return;
    document.querySelectorAll("#notes [data-failure]").forEach((old) => old.remove());
  });
})();

// A checkbox with data-part="#id" shows or hides that part of its form. Without this file every
// part is in sight and the checkbox alone says whether it counts.
"use strict";

(() => {
  function sync(box) {
    const part = document.querySelector(box.dataset.part);
    if (part) part.hidden = !box.checked;
  }
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-part]")) sync(event.target);
  });
  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-part]").forEach(sync);
  });
})();

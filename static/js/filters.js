// A filter that is a choice applies at once; without this file the form's own button does it.
"use strict";

document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-filters]");
  if (form && event.target.matches("select, input[type=checkbox]")) form.requestSubmit();
});

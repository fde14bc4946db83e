// A part of the page that would be replaced by the same is left as it is: a link in it that is being
// clicked keeps its click, the focus stays, and a screen reader is not told again.
"use strict";

(() => {
  function whole(element) {
    const copy = element.cloneNode(true);
    copy.removeAttribute("hx-swap-oob");
    return copy.outerHTML;
  }

  function same(one, other) {
    return one.replace(/\s+/g, " ").trim() === other.replace(/\s+/g, " ").trim();
  }

  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target, fragment } = event.detail;
    // htmx hands over a fragment where the element itself is replaced, else the new parent.
    const unchanged =
      fragment instanceof Element
        ? same(fragment.innerHTML, target.innerHTML)
        : same(whole(fragment.firstElementChild), whole(target));
    if (unchanged) event.detail.shouldSwap = false;
  });
})();

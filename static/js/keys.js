// Keyboard: what the list under "?" says. Single keys are left alone while somebody types, and
// none of them changes anything by itself: "a" goes to the Approve button, Enter presses it.
"use strict";

(() => {
  const off = document.body.dataset.keys === "off"; // switched off by the person, see /keyboard/
  const places = { i: "/inbox/", t: "/topics/", s: "/subjects/", h: "/" };
  let afterG = false;

  const typing = (element) =>
    element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName);
  const visible = (selector) =>
    [...document.querySelectorAll(selector)].find((element) => element.offsetParent !== null);

  function focus(selector) {
    const element = visible(selector);
    if (!element) return false;
    element.focus();
    element.scrollIntoView({ block: "nearest" });
    return true;
  }

  function step(by) {
    const rows = [...document.querySelectorAll("[data-row] a[data-open]")];
    if (rows.length === 0) return false;
    const at = rows.indexOf(document.activeElement);
    const next = at < 0 ? (by > 0 ? 0 : rows.length - 1) : at + by;
    const row = rows[Math.min(Math.max(next, 0), rows.length - 1)];
    row.focus();
    row.scrollIntoView({ block: "nearest" });
    return true;
  }

  function help() {
    const dialog = document.getElementById("keys-help");
    if (!dialog || dialog.open) return false;
    dialog.showModal();
    return true;
  }

  function press(key) {
    if (afterG) {
      afterG = false;
      if (!(key in places)) return false;
      window.location.assign(places[key]);
      return true;
    }
    switch (key) {
      case "g":
        afterG = true;
        window.setTimeout(() => { afterG = false; }, 1500);
        return true;
      case "/": return focus("[data-search]");
      case "j": return step(1);
      case "k": return step(-1);
      case "a": return focus("[data-approve]");
      case "c": return focus("[data-say]");
      case "?": return help();
      default: return false;
    }
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.key === "Escape" && typing(event.target)) event.target.blur();
    if (off || typing(event.target) || document.querySelector("dialog[open]")) return;
    if (press(event.key)) event.preventDefault();
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-keys-open]") && help()) event.preventDefault();
    // An open menu closes when something beside it is clicked.
    document.querySelectorAll("details.drop[open]").forEach((menu) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
  });
  document.addEventListener("keyup", (event) => {
    if (event.key !== "Escape") return;
    document.querySelectorAll("details.drop[open]").forEach((menu) => {
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  });
})();

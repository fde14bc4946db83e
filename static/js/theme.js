// Switches light and dark without loading the page again; without this file the form does it.
"use strict";

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-theme-form]")) return;
  event.preventDefault();
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  const next = (root.dataset.bsTheme || system) === "dark" ? "light" : "dark";
  root.dataset.bsTheme = next;
  const secure = window.location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `weir_theme=${next}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
});

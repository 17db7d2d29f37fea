"use strict";
// Keys, focus and time on a task. Every page works without this script.

const verdict = document.getElementById("verdict");
const keys = document.getElementById("keys");
const said = document.getElementById("said");
const heading = document.getElementById("task");
const KEPT = "gate-keys";
let sent = false;

// A live region speaks when it changes; what it says when the page comes is not heard.
if (said && said.textContent.trim()) {
  const words = said.textContent;
  said.textContent = "";
  setTimeout(() => { said.textContent = words; }, 100);
  history.replaceState(null, "", location.pathname);
}
if (heading) heading.focus({ preventScroll: true });

// Seconds in which the page was in sight.
let seen = 0;
let since = document.hidden ? null : performance.now();
document.addEventListener("visibilitychange", () => {
  if (since !== null) seen += performance.now() - since;
  since = document.hidden ? null : performance.now();
});
const seconds = () => (seen + (since === null ? 0 : performance.now() - since)) / 1000;

document.addEventListener("submit", (event) => {
  if (sent) return event.preventDefault();
  sent = true;
  const time = event.target.elements.namedItem("seconds");
  if (time) time.value = seconds().toFixed(1);
});
// A page that the browser kept and shows again may be sent again: its ticket makes that one vote.
addEventListener("pageshow", () => { sent = false; });

const typing = (element) => element.matches("textarea, input[type=text], select");

document.addEventListener("keydown", (event) => {
  if (typing(event.target)) return inText(event);
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  if (keys && !keys.checked) return;
  press(event);
});

function press(event) {
  const key = event.key.toLowerCase();
  const button = key === "u" ? document.getElementById("undo") : choice(key);
  if (button) {
    event.preventDefault();
    button.classList.add("pressed");
    button.click();
  } else if (key === "s") {
    skip(event);
  }
}

function choice(key) {
  if (!verdict || !/^[0-9]$/.test(key)) return null;
  return verdict.querySelector(`button[value="${key}"]`);
}

function skip(event) {
  const skipping = document.getElementById("skipping");
  if (!skipping) return;
  event.preventDefault();
  skipping.open = true;
  skipping.querySelector("textarea").focus();
}

// Keys can be switched off: they are in the way of some who speak, or who type by other means.
if (keys) {
  keys.closest("p").hidden = false;
  keys.checked = localStorage.getItem(KEPT) !== "off";
  keys.addEventListener("change", () => localStorage.setItem(KEPT, keys.checked ? "on" : "off"));
}

function inText(event) {
  const form = event.target.form;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && form && form.id !== "verdict") {
    event.preventDefault();
    form.requestSubmit();
  }
  if (event.key === "Escape") {
    const details = event.target.closest("details");
    event.target.blur();
    if (details) {
      details.open = false;
      details.querySelector("summary").focus();
    }
  }
}

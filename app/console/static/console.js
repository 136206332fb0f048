// The pages work without this. With it, what lives is kept fresh: the page asks its own address
// whether it has changed, and puts in place only what did, so that focus, open parts and what is
// being typed stay. A page that nobody sees rests.
"use strict";

const main = document.getElementById("main");
const pulse = document.getElementById("pulse");
const QUICK = 2, IDLE_AFTER = 60, IDLE = 15, SLOWEST = 30;  // seconds
let tag = main.dataset.tag, failures = 0, touched = Date.now(), timer = 0, asking = false;
let ahead = 0;  // of the server's clock before ours, in ms
let lastAnswer = new Date();

// --- putting a fresh page in the place of the old one ---

const keyOf = (node) => node.nodeType === 1 && node.id ? node.id : null;

function matching(old, fresh, from) {
  // The child of `old`, at `from` or later, that `fresh` stands for.
  const key = keyOf(fresh);
  if (key) {
    for (let one = from; one; one = one.nextSibling) if (keyOf(one) === key) return one;
    return null;
  }
  return from && !keyOf(from) && from.nodeName === fresh.nodeName ? from : null;
}

function morphChildren(old, fresh) {
  let at = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    const found = matching(old, child, at);
    if (!found) { old.insertBefore(document.importNode(child, true), at); continue; }
    if (found !== at) old.insertBefore(found, at); else at = at.nextSibling;
    morph(found, child);
  }
  while (at) { const next = at.nextSibling; at.remove(); at = next; }
}

function morph(old, fresh) {
  if (old.nodeType !== 1) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  if (old.isEqualNode(fresh) || typing(old) || "ours" in old.dataset) return;
  for (const { name, value } of [...fresh.attributes])
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  for (const { name } of [...old.attributes])
    if (!fresh.hasAttribute(name) && !(name === "open" && old.nodeName === "DETAILS")) old.removeAttribute(name);
  morphChildren(old, fresh);
}

function typing(node) {
  // A form in which somebody has begun is left as it is.
  if (node.nodeName !== "FORM") return false;
  const fields = [...node.querySelectorAll("input:not([type=hidden]), textarea, select")];
  return fields.some((one) => one === document.activeElement
    || (one.type === "checkbox" ? one.checked !== one.defaultChecked : "defaultValue" in one && one.value !== one.defaultValue));
}

// --- asking ---

function takeOver(text) {
  const page = new DOMParser().parseFromString(text, "text/html");
  const fresh = page.getElementById("main");
  if (!fresh) return false;
  for (const id of ["main", "side"]) {
    const old = document.getElementById(id), now = page.getElementById(id);
    if (old && now) morph(old, now);
  }
  document.title = page.title;
  tag = fresh.dataset.tag;
  count();
  return true;
}

async function ask() {
  if (asking || document.hidden || !main.dataset.live) return;
  asking = true;
  const stop = new AbortController();
  const patience = setTimeout(() => stop.abort(), 8000);
  try {
    const answer = await fetch(location.href, {
      headers: { "X-Fragment": "main", "If-None-Match": tag, Accept: "text/html" },
      credentials: "same-origin", cache: "no-store", redirect: "manual", signal: stop.signal,
    });
    if (answer.status === 401) { location.reload(); return; }
    if (answer.status === 200) { if (!takeOver(await answer.text())) throw new Error("no page"); }
    else if (answer.status !== 304) throw new Error(answer.status);
    failures = 0;
    lastAnswer = new Date();
    say("live", false);
  } catch {
    failures += 1;
    if (failures > 1) say(`no answer since ${lastAnswer.toLocaleTimeString()}, trying`, true);
  } finally {
    clearTimeout(patience);
    asking = false;
    plan();
  }
}

function say(text, away) {
  if (pulse.textContent !== text) pulse.textContent = text;
  pulse.classList.toggle("away", away);
}

function plan() {
  clearTimeout(timer);
  if (document.hidden || !main.dataset.live) return;
  const least = Number(main.dataset.live) || QUICK;
  const idle = Date.now() - touched > IDLE_AFTER * 1000;
  const seconds = failures ? Math.min(2 ** failures, SLOWEST) : Math.max(least, idle ? IDLE : 0);
  timer = setTimeout(ask, seconds * 1000);
}

// --- times that run ---

function length(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60, rest = whole % 60;
  const two = (number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

function count() {
  const now = (Date.now() + ahead) / 1000;
  for (const one of document.querySelectorAll("[data-since]")) put(one, length(now - one.dataset.since));
  for (const one of document.querySelectorAll("[data-until]")) put(one, length(one.dataset.until - now));
  for (const one of document.querySelectorAll("progress[data-ends]")) one.value = now - (one.dataset.ends - one.max);
}

function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// --- a recording that does not play ---

let tries = 0;

async function onTrouble(player) {
  // The player says nothing of why; our own answer does. What may pass is tried again from there.
  const at = player.currentTime;
  let why = "It can not be played here.";
  try {
    const answer = await fetch(player.src, {
      headers: { Range: "bytes=0-0", "X-Fragment": "audio" }, credentials: "same-origin", cache: "no-store", redirect: "manual",
    });
    if (answer.status === 401) { location.reload(); return; }
    if ((answer.ok || answer.status === 503) && tries < 3) {
      tries += 1;
      setTimeout(() => { player.load(); player.currentTime = at; player.play().catch(() => {}); }, tries * 1000);
      return;
    }
    const told = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("what");
    if (!answer.ok && told) why = told.textContent;
  } catch { why = "Gavel does not answer."; }
  put(document.getElementById(player.id + "-told"), why);
}

// --- keys ---

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, textarea, select")) return;
  const rows = [...document.querySelectorAll("[data-row]")];
  const at = rows.indexOf(document.activeElement);
  const go = { j: Math.min(at + 1, rows.length - 1), k: Math.max(at - 1, 0) };
  if (event.key === "/") {
    const box = document.querySelector("input[type=search]");
    if (box) { box.focus(); box.select(); event.preventDefault(); }
  } else if (event.key in go && rows.length) {
    rows[go[event.key]].focus();
    event.preventDefault();
  }
}

ahead = Number(main.dataset.now) * 1000 - Date.now();
for (const kind of ["pointerdown", "keydown", "scroll"])
  addEventListener(kind, () => { touched = Date.now(); }, { passive: true });
addEventListener("keydown", onKey);
addEventListener("error", (event) => { if (event.target.nodeName === "AUDIO") onTrouble(event.target); }, true);
addEventListener("playing", (event) => { tries = 0; put(document.getElementById(event.target.id + "-told"), ""); }, true);
document.addEventListener("visibilitychange", () => { if (!document.hidden) ask(); });
addEventListener("focus", ask);
setInterval(count, 1000);
if (main.dataset.live) say("live", false);
count();
plan();

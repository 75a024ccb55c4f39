"use strict";
/* Answers for pages where there is no network: with the form that is kept on the device, never with a page of somebody. */
importScripts("/static/rules.js", "/static/keeping.js");

const FILES = ["participant.css", "asking.css", "asking.js", "offline.js", "rules.js", "keeping.js", "mark.svg"].map((name) => `/static/${name}`);

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(Keeping.CACHE);
    await cache.addAll([...FILES, Keeping.SHELL]);
    await self.skipWaiting();
  })());
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name !== Keeping.CACHE).map((name) => caches.delete(name)));
    await self.clients.claim();
  })());
});

self.addEventListener("sync", (event) => event.waitUntil(Keeping.send()));

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (url.origin !== location.origin) return;
  if (FILES.includes(url.pathname)) event.respondWith(file(event.request));
  else if (event.request.mode === "navigate") event.respondWith(page(event, url));
});

const shell = async () => (await (await caches.open(Keeping.CACHE)).match(Keeping.SHELL)) ?? Response.error();
/* What this device cannot do must never keep somebody from a page. */
const calm = (act, otherwise) => act.catch(() => otherwise);
const isAway = (answer) => [502, 503, 504].includes(answer.status);
const go = (path) => Response.redirect(path, 303);

async function file(request) {
  const cache = await caches.open(Keeping.CACHE);
  try {
    const answer = await fetch(request);
    if (answer.ok) await cache.put(new URL(request.url).pathname, answer.clone());
    return answer;
  } catch (error) {
    return (await cache.match(request, { ignoreSearch: true })) ?? Response.error();
  }
}

async function page(event, url) {
  const { request } = event;
  if (request.method === "POST" && url.pathname === "/leave") return leave(request);
  if (request.method === "POST" && url.pathname.startsWith("/ask/")) return answered(request, url);
  // What waits goes first, so that the page that comes knows it; nobody waits long for that.
  const waiting = request.method === "GET" ? await calm(Keeping.unsent(), 0) : 0;
  if (waiting) await Promise.race([calm(Keeping.send()), new Promise((go) => setTimeout(go, 3000))]);
  try {
    const found = await fetch(request);
    if (isAway(found) && request.method === "GET") return shell();
    event.waitUntil(calm(after(url)));
    return found;
  } catch (error) {
    return shell();
  }
}

/* There is a network: from the first page the open forms are taken along. */
const after = async (url) => (url.pathname === "/" ? Keeping.refresh() : undefined);

/* A form was sent. Where the server took it, it is noted; where it could not be reached, or knows nobody any more, it is kept. */
async function answered(request, url) {
  const sent = await request.clone().formData().catch(() => new FormData());
  const [, , name, occasion, ...rest] = url.pathname.split("/").map(decodeURIComponent);
  const where = [name, occasion ?? ""];
  const note = (isSent) => calm(keep(where, rest, sent, isSent), null);
  let answer = null;
  if (!sent.get("kept")) answer = await fetch(request).catch(() => null);
  const isOld = answer?.status === 400; // a page of a visit before: its token is worth nothing any more
  if (answer === null || isAway(answer) || isOld) {
    const way = await note(false);
    if (sent.get("kept") || isOld) await calm(Keeping.send());
    if (way) return go(way);
    return isOld ? answer : shell();
  }
  if (answer.type === "opaqueredirect") await note(true);
  else if (answer.status === 401) await note(false);
  return answer;
}

/* Keep what a form said; return the address of the page that comes next, null if nothing can be kept. */
const keep = (where, rest, sent, isSent) => Keeping.alone("keep", async () => {
  const form = await Keeping.packageOf(...where);
  return form && kept(form, rest, sent, isSent);
});

async function kept(form, rest, sent, isSent) {
  const device = { ...form.device, browser: navigator.userAgent.slice(0, 200) };
  for (const name of ["screen", "zone"]) if (sent.get(`device-${name}`)) device[name] = sent.get(`device-${name}`);
  const [item, step] = rest;
  if (item === undefined) {
    await Keeping.update(form, { device, respondent: sent.get("respondent") ?? "self" });
    const first = Forms.left(form)[0];
    return first ? `${Forms.root(form)}/${first}` : Forms.all(form);
  }
  if (item === "too-ill" || item === "all-answers") return ended(form, item === "too-ill" ? "too_ill" : "submitted", isSent);
  const question = Forms.item(form, item);
  if (question === null) return null;
  if (step === "no-answer") return said(form, item, { skipped: sent.get("reason") ?? "prefer_not" }, sent, isSent);
  return step === undefined ? typed({ ...form, device }, item, sent, isSent) : null;
}

async function ended(form, ends, isSent) {
  if (isSent) await Keeping.drop([form]);
  else if (ends === "submitted" && Forms.left(form).length) return Forms.all(form);
  else if (!form.ended) await Keeping.end(form, ends);
  return Forms.root(form);
}

/* A screen may hold several items; each that was answered is a word. */
async function typed(form, first, sent, isSent) {
  let last = null;
  for (const [field, text] of sent.entries()) {
    const item = field.startsWith("answer-") ? field.slice(7) : null;
    const question = item === null ? null : Forms.item(form, item);
    const value = question && text.trim() ? Forms.read(question, text.trim()) : null;
    if (value === null) continue;
    const kept = (await Keeping.packageOf(form.form, form.occasion));
    last = await said({ ...kept, device: form.device }, item, { value }, sent, isSent);
  }
  if (last !== null) return last;
  return { back: Forms.before(form, first), rest: "/" }[sent.get("then")] ?? `${Forms.root(form)}/${first}?again`;
}

async function said(form, item, word, sent, isSent) {
  const shown = Number(sent.get("shown")) / 1e6;
  const seconds = shown > 0 ? Date.now() / 1000 - shown : -1;
  const changes = sent.get(`changes-${item}`);
  await Keeping.say(form, {
    item, ...word, answered_at: new Date().toISOString(),
    screen: form.items.findIndex((each) => each.id === item),
    ...(seconds >= 0 && seconds < 86400 ? { seconds } : {}),
    ...(/^\d{1,4}$/.test(changes ?? "") ? { changes: Number(changes) } : {}),
  }, isSent);
  const now = await Keeping.packageOf(form.form, form.occasion);
  if (Forms.isDanger(form, item, word.value ?? null)) return `${Forms.root(now)}/${item}/call-now`;
  if (sent.get("then") === "rest") return "/";
  if (sent.get("then") === "back") return Forms.before(now, item);
  return sent.get("back") === "review" ? Forms.all(now) : Forms.after(now, item);
}

/* Closing: what is kept is sent first; where it cannot be, the person is asked before it is thrown away. */
async function leave(request) {
  const sent = await request.clone().formData().catch(() => new FormData());
  const token = sent.get("csrf_token");
  await calm(Keeping.send());
  if (!sent.get("anyway") && (await calm(Keeping.unsent(), 0)) > 0) {
    await Keeping.drop(await Keeping.all("leaving"));
    await Keeping.change([["leaving", { token }]], []);
    return shell();
  }
  const answer = await fetch(request).catch(() => null);
  if (answer === null || answer.ok) await calm(Keeping.clear());
  return answer ?? shell();
}

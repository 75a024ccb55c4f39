"use strict";
/* What this device keeps while there is no network: forms to answer and answers to send, each encrypted by a key
   that never leaves the browser. Pages and the worker share it. */
const Keeping = (() => {
  const SHELL = "/ask/without-network";
  const CACHE = "asking-1";
  let opened = null;

  const done = (request) => new Promise((good, bad) => {
    request.onsuccess = () => good(request.result);
    request.onerror = () => bad(request.error);
  });

  function base() {
    if (opened === null) {
      const request = indexedDB.open("hometrial-asking", 1);
      request.onupgradeneeded = () => {
        request.result.createObjectStore("keys");
        request.result.createObjectStore("kept", { keyPath: "n", autoIncrement: true });
      };
      opened = done(request);
    }
    return opened;
  }

  async function stores(mode) {
    const move = (await base()).transaction(["keys", "kept"], mode);
    const end = new Promise((good, bad) => {
      move.oncomplete = good;
      move.onerror = move.onabort = () => bad(move.error);
    });
    return { keys: move.objectStore("keys"), kept: move.objectStore("kept"), end };
  }

  async function key() {
    const found = await done((await stores("readonly")).keys.get("own"));
    if (found) return found;
    const made = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
    const { keys, end } = await stores("readwrite");
    const before = await done(keys.get("own"));
    if (!before) keys.put(made, "own");
    await end;
    return before ?? made;
  }

  async function sealed(kind, value) {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const bytes = new TextEncoder().encode(JSON.stringify(value));
    return { kind, iv, body: await crypto.subtle.encrypt({ name: "AES-GCM", iv }, await key(), bytes) };
  }

  /* Add new records and remove old ones in one step. */
  async function change(added, removed) {
    const rows = await Promise.all(added.map(([kind, value]) => sealed(kind, value)));
    const { kept, end } = await stores("readwrite");
    removed.forEach((n) => kept.delete(n));
    rows.forEach((row) => kept.add(row));
    await end;
  }

  async function all(...kinds) {
    const rows = (await done((await stores("readonly")).kept.getAll())).filter((row) => kinds.includes(row.kind));
    const own = rows.length ? await key() : null;
    return Promise.all(rows.map(async (row) => {
      const bytes = await crypto.subtle.decrypt({ name: "AES-GCM", iv: row.iv }, own, row.body);
      return { ...JSON.parse(new TextDecoder().decode(bytes)), kind: row.kind, n: row.n };
    }));
  }

  const isOf = (row, form, occasion) => row.form === form && row.occasion === occasion;
  const bare = ({ n, kind, ...rest }) => rest;

  async function packageOf(form, occasion) {
    return (await all("package")).filter((row) => isOf(row, form, occasion)).at(-1) ?? null;
  }

  /* All that an upload needs of the form that its words belong to. */
  const mark = (form) => ({
    owner: form.owner, form: form.form, occasion: form.occasion,
    of: {
      definition_sha256: form.definition_sha256, revision: form.revision, language: form.language,
      device: form.device ?? {}, respondent: form.respondent ?? "self",
    },
  });

  /* Write a form anew, in place of all that is kept of it, with what belongs to it. */
  async function rewrite(form, facts, added) {
    const before = (await all("package")).filter((row) => isOf(row, form.form, form.occasion));
    await change([["package", { ...bare(form), ...facts }], ...added], before.map((row) => row.n));
  }

  /* Put a word into a form that is kept, and among what is to be sent unless the server has it already. */
  async function say(form, word, isSent) {
    const said = { ...form.said, [word.item]: { value: word.value ?? null, skipped: word.skipped ?? null } };
    await rewrite(form, { said }, isSent ? [] : [["word", { ...mark(form), word }]]);
  }

  async function end(form, ends) {
    const row = { ...mark(form), ends, ended_at: new Date().toISOString() };
    await rewrite(form, { ended: ends }, [["end", row]]);
  }

  const update = (form, facts) => rewrite(form, facts, []);

  const drop = (rows) => change([], rows.map((row) => row.n));

  /* How many answers wait; a form that was handed in without a new one is one. */
  async function unsent() {
    const rows = await all("word", "end", "batch");
    const words = rows.filter((row) => row.kind === "word").length;
    const tied = rows.filter((row) => row.kind === "batch").map((row) => Math.max(row.upload.entries.length, 1));
    const ends = words === 0 && rows.some((row) => row.kind === "end") ? 1 : 0;
    return tied.reduce((sum, each) => sum + each, words + ends);
  }

  async function name(row) {
    const told = [row.owner, row.form, row.occasion, row.of.definition_sha256].join("|");
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(told)));
    const hex = [...hash.slice(0, 16)].map((each) => each.toString(16).padStart(2, "0")).join("");
    return `${hex}.${crypto.randomUUID()}`;
  }

  /* Tie loose words into uploads that keep their key: sent twice, they are one. */
  async function tie() {
    const forms = new Map();
    for (const row of await all("word", "end")) {
      const id = [row.owner, row.form, row.occasion, row.of.revision].join("|");
      forms.set(id, [...(forms.get(id) ?? []), row]);
    }
    for (const group of forms.values()) {
      const { form, occasion, owner, of } = group.at(-1);
      const words = group.filter((row) => row.kind === "word").map((row) => row.word);
      const last = group.filter((row) => row.kind === "end").at(-1);
      const upload = {
        schema: "hometrial.upload/1", client_key: await name(group.at(-1)), form, occasion, ...of, entries: words,
        ends: last ? last.ends : "rest", ended_at: last ? last.ended_at : words.at(-1).answered_at,
      };
      await change([["batch", { owner, form, occasion, upload }]], group.map((row) => row.n));
    }
  }

  /* One at a time, whichever page or worker asks. */
  const alone = (name, act) => (navigator.locks ? navigator.locks.request(`hometrial-${name}`, act) : act());

  /* Send what is kept. Says what became of it: nothing, sent, no_network, closed (no visit), other (another person). */
  const send = () => alone("send", async () => {
    if (!(await all("word", "end", "batch")).length) return "nothing";
    let state = "sent";
    try {
      const door = await fetch("/ask/send", { cache: "no-store", redirect: "error" });
      if (!door.ok) return door.status === 401 ? "closed" : "no_network";
      const { owner, token } = await door.json();
      await alone("keep", tie);
      for (const batch of await all("batch")) {
        const found = batch.owner === owner ? await post(batch, token) : "other";
        state = found === "sent" ? state : found;
      }
    } catch (error) {
      return "no_network";
    }
    return state;
  });

  async function post(batch, token) {
    const answer = await fetch("/ask/send", {
      method: "POST", redirect: "error",
      headers: { "Content-Type": "application/json", "X-CSRFToken": token },
      body: JSON.stringify({ ...batch.upload, sent_at: new Date().toISOString() }),
    });
    if (answer.status !== 200 && answer.status !== 409) return answer.status === 401 ? "closed" : "no_network";
    const told = await answer.json();
    const isGood = answer.status === 200 && !told.rejected;
    const { form, occasion, owner } = batch;
    const added = told.told ? [[isGood ? "receipt" : "rejected", { owner, form, occasion, told: told.told }]] : [];
    const isOver = batch.upload.ends !== "rest" || !isGood;
    const over = isOver ? (await all("package")).filter((row) => isOf(row, form, occasion)) : [];
    await change(added, [batch.n, ...over.map((row) => row.n)]);
    return "sent";
  }

  /* Take the forms along that are open now, with what was said to them; and the page without network. */
  async function refresh() {
    const answer = await fetch("/ask/packages", { cache: "no-store", redirect: "error" });
    if (!answer.ok) return;
    const told = await answer.json();
    await alone("keep", () => take(told));
    await (await caches.open(CACHE)).add(SHELL);
  }

  async function take({ owner, crisis, packages }) {
    const rows = await all("package", "word", "end", "batch");
    const waiting = rows.filter((row) => row.kind !== "package" && row.owner === owner);
    const before = rows.filter((row) => row.kind === "package");
    const added = packages.map((each) => {
      const old = before.find((row) => isOf(row, each.form, each.occasion) && row.owner === owner);
      const mine = waiting.filter((row) => isOf(row, each.form, each.occasion));
      if (mine.length && old) return ["package", bare(old)];
      return ["package", { ...each, owner, crisis, device: old?.device, respondent: old?.respondent }];
    });
    const still = before.filter((row) => !packages.some((each) => isOf(row, each.form, each.occasion))
      && rows.some((each) => each.kind !== "package" && isOf(each, row.form, row.occasion)));
    await change(added, before.filter((row) => !still.includes(row)).map((row) => row.n));
  }

  async function clear() {
    const { keys, kept, end } = await stores("readwrite");
    keys.clear();
    kept.clear();
    await end;
  }

  return { CACHE, SHELL, all, alone, change, clear, drop, end, packageOf, refresh, say, send, unsent, update };
})();

/* Forms on the device: which question is next, and what was typed as the answer it is. */
const Forms = (() => {
  const values = (form) => Object.fromEntries(Object.entries(form.said).map(([item, word]) => [item, word.value]));
  const asked = (form) => Rules.asked(form.items, values(form));
  const left = (form) => asked(form).filter((name) => !(name in form.said));
  const item = (form, name) => form.items.find((each) => each.id === name) ?? null;
  const root = (form) => `/ask/${form.form}/${encodeURIComponent(form.occasion)}`;
  const all = (form) => `${root(form)}/all-answers`;

  function after(form, name) {
    const order = form.items.map((each) => each.id);
    const found = asked(form).find((each) => order.indexOf(each) > order.indexOf(name));
    return found ? `${root(form)}/${found}` : all(form);
  }

  function before(form, name) {
    const order = form.items.map((each) => each.id);
    const found = asked(form).filter((each) => order.indexOf(each) < order.indexOf(name)).at(-1);
    return found ? `${root(form)}/${found}` : root(form);
  }

  /* The answer that a text is, or null. */
  function read(question, text) {
    switch (question.type) {
      case "choice": return question.choices.map(([value]) => value).find((value) => `${value}` === text) ?? null;
      case "scale": case "integer": return /^-?\d{1,9}$/.test(text) ? within(question, Number(text)) : null;
      case "decimal": return /^-?\d{1,12}([.,]\d{1,6})?$/.test(text) ? within(question, Number(text.replace(",", "."))) : null;
      case "date": return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)) ? text : null;
      case "time": return /^([01]\d|2[0-3]):[0-5]\d$/.test(text) ? text : null;
      default: return text.length <= question.most ? text : null;
    }
  }

  const within = (question, value) => (question.low <= value && value <= question.high ? value : null);

  const isDanger = (form, name, value) =>
    form.alerts.some((each) => each.names.includes(name) && Rules.decide(each.rule, { ...values(form), [name]: value }) === true);

  return { after, all, asked, before, isDanger, item, left, read, root, values };
})();

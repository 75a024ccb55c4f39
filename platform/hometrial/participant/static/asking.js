"use strict";
/* What a script adds to the pages of questionnaires; without it they work as well. */
(() => {
  const facts = {
    screen: () => `${screen.width}x${screen.height}`,
    zone: () => Intl.DateTimeFormat().resolvedOptions().timeZone ?? "",
    clock: () => new Date().toISOString(),
  };
  const tell = () => document.querySelectorAll("[data-device]").forEach((field) => { field.value = facts[field.dataset.device](); });
  document.addEventListener("submit", tell, true);
  tell();

  document.querySelectorAll("[data-changes]").forEach((counter) => {
    let changes = -1;
    document.querySelectorAll(`[name="${counter.dataset.changes}"]`).forEach((field) => {
      field.addEventListener("change", () => { changes += 1; counter.value = changes; });
    });
  });

  document.getElementById("refused")?.focus();
  document.querySelectorAll("[data-line]").forEach(line);

  /* A line from end to end instead of a number: no mark before the first touch, no number shown, plus and minus beside it. */
  function line(field) {
    const low = Number(field.dataset.low), high = Number(field.dataset.high);
    const words = { low: field.dataset.lowText, high: field.dataset.highText };
    const label = document.querySelector(`label[for="${field.id}"]`);
    const make = (tag, kind, text) => Object.assign(document.createElement(tag), { className: kind, textContent: text ?? "" });
    const track = make("div", "line");
    const mark = make("span", "");
    const ends = make("div", "ends soft");
    const steps = make("div", "row");
    const [less, more] = ["−", "+"].map((sign) => Object.assign(make("button", "second", sign), { type: "button" }));
    label.id = `${field.id}-label`;
    track.tabIndex = 0;
    track.id = `${field.id}-line`;
    const told = { role: "slider", "aria-labelledby": label.id, "aria-valuemin": low, "aria-valuemax": high };
    for (const [name, value] of Object.entries(told)) track.setAttribute(name, value);
    less.setAttribute("aria-label", `− ${words.low}`);
    more.setAttribute("aria-label", `+ ${words.high}`);
    ends.append(make("span", "", words.low), make("span", "", words.high));
    steps.append(less, more);
    track.append(mark);
    field.hidden = true;
    field.after(track, ends, steps);
    label.htmlFor = track.id;

    function set(value) {
      const whole = Math.max(low, Math.min(high, Math.round(value)));
      field.value = whole;
      show();
      field.dispatchEvent(new Event("change"));
    }
    function show() {
      const isSet = field.value !== "";
      mark.hidden = !isSet;
      track.setAttribute("aria-valuenow", isSet ? field.value : Math.round((low + high) / 2));
      track.setAttribute("aria-valuetext", isSet ? field.value : "–");
      if (isSet) mark.style.left = `calc(1rem + (100% - 2rem) * ${(field.value - low) / (high - low)})`;
    }
    const now = () => (field.value === "" ? (low + high) / 2 : Number(field.value));
    const at = (event) => {
      const box = track.getBoundingClientRect();
      const pad = parseFloat(getComputedStyle(document.documentElement).fontSize);
      set(low + ((event.clientX - box.left - pad) / (box.width - 2 * pad)) * (high - low));
    };
    track.addEventListener("pointerdown", (event) => { track.setPointerCapture(event.pointerId); at(event); });
    track.addEventListener("pointermove", (event) => { if (event.buttons) at(event); });
    less.addEventListener("click", () => set(now() - 1));
    more.addEventListener("click", () => set(now() + 1));
    const moves = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 };
    let typed = "", last = 0;
    track.addEventListener("keydown", (event) => {
      if (event.key in moves) set(now() + moves[event.key]);
      else if (event.key === "Home") set(low);
      else if (event.key === "End") set(high);
      else if (/^\d$/.test(event.key)) {
        typed = event.timeStamp - last < 1500 ? typed + event.key : event.key;
        last = event.timeStamp;
        set(Number(typed));
      } else return;
      event.preventDefault();
    });
    show();
  }

  /* What is kept on this device is told, calmly, and sent as soon as it can be. */
  const place = document.getElementById("kept");
  const words = Object.fromEntries([...(document.getElementById("kept-words")?.content.querySelectorAll("[data-word]") ?? [])]
    .map((each) => [each.dataset.word, each.textContent]));

  const received = [];
  const note = (text) => Object.assign(document.createElement("p"), { className: "kept", textContent: text });

  async function tellKept(state) {
    const count = await Keeping.unsent();
    const receipts = await Keeping.all("receipt");
    received.push(...receipts.map((row) => row.told));
    await Keeping.drop(receipts);
    const lines = received.map(note);
    for (const row of await Keeping.all("rejected")) lines.push(unread(row));
    if (count) {
      lines.push(note((count === 1 ? words.one : words.many).replace("{count}", count)));
      if (state === "closed") lines.push(note(words.closed));
      if (state === "other") lines.push(note(words.other));
    }
    place.replaceChildren(...lines);
  }

  /* What was not used stays told until somebody has read it. */
  function unread(row) {
    const line = note(`${row.told} `);
    const read = Object.assign(document.createElement("button"), { type: "button", className: "plain", textContent: words.read });
    read.addEventListener("click", async () => { await Keeping.drop([row]); line.remove(); });
    line.append(read);
    return line;
  }

  async function work() {
    await tellKept("");
    await tellKept(await Keeping.send());
  }

  async function begin() {
    const worker = await navigator.serviceWorker.register("/worker.js", { scope: "/" });
    await navigator.serviceWorker.ready;
    if (document.querySelector("[data-begin], [data-home]") && !window.isShell) await Keeping.refresh();
    await work();
    if (await Keeping.unsent()) await worker.sync?.register("send").catch(() => undefined);
    document.documentElement.dataset.ready = "yes";
  }

  if (!place || !("serviceWorker" in navigator) || !window.isSecureContext || !window.indexedDB) return;
  const calmly = (act) => act().catch((error) => console.info(`kept answers: ${error}`));
  calmly(begin);
  window.addEventListener("online", () => calmly(work));
  setInterval(() => calmly(async () => { if (await Keeping.unsent()) await work(); }), 30000);
})();

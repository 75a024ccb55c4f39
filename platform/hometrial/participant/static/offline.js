"use strict";
/* The pages of a form where there is no network: at the same addresses as the server's, made of what is kept here. */
window.isShell = true;
(async () => {
  const words = Object.fromEntries([...document.getElementById("words").content.querySelectorAll("[data-word]")]
    .map((each) => [each.dataset.word, each.textContent]));
  const place = document.getElementById("offline");
  const say = (word, more = {}) => Object.entries(more).reduce((text, [name, value]) => text.replace(`{${name}}`, value), words[word]);

  function make(tag, facts = {}, ...inside) {
    const found = document.createElement(tag);
    for (const [name, value] of Object.entries(facts)) if (value !== null && value !== false) found.setAttribute(name, value === true ? "" : value);
    found.append(...inside.filter((each) => each !== null));
    return found;
  }
  const text = (tag, kind, said) => (said ? make(tag, kind ? { class: kind } : {}, said) : null);
  const link = (kind, href, said) => make("p", {}, make("a", { class: kind, href }, said));
  const button = (kind, said, more = {}) => make("button", { class: kind, ...more }, said);
  const hidden = (name, value) => make("input", { type: "hidden", name, value });
  const device = () => ["screen", "zone", "clock"].map((name) => make("input", { type: "hidden", name: `device-${name}`, "data-device": name }));
  const sender = (action, ...inside) => make("form", { method: "post", action, novalidate: true }, hidden("kept", "1"), ...device(), ...inside);

  const [, area, name, occasion, item, step] = location.pathname.split("/").map(decodeURIComponent);
  const form = area === "ask" && occasion ? await Keeping.packageOf(name, occasion) : null;
  const pages = { leave, list, missing, start, ended, review, question, skip, help };

  function show(title, ...inside) {
    document.title = title;
    place.replaceChildren(make("h1", {}, title), ...inside.filter((each) => each !== null));
  }

  async function list() {
    const kept = (await Keeping.all("package")).filter((each) => !each.ended && new Date(each.closes_at) > new Date());
    show(words.none, text("p", "big", kept.length ? words.here : words.nothing),
      ...kept.map((each) => link("second", Forms.root(each), each.title)), link("plain", location.pathname, words.retry));
  }

  function missing() {
    show(words.none, text("p", "big", words.needs), link("second", location.pathname, words.retry), link("plain", "/", words.home));
  }

  async function leave() {
    const [row] = (await Keeping.all("leaving")).slice(-1);
    const count = await Keeping.unsent();
    if (!row || !count) return show(words.closing, text("p", "big", words.closed_here));
    return show(words.closing, text("p", "big", say(count === 1 ? "lose_one" : "lose_many", { count })),
      link("main", "/", words.stay),
      make("form", { method: "post", action: "/leave" }, hidden("csrf_token", row.token), hidden("anyway", "1"), button("second", words.throw)));
  }

  function start() {
    const left = Forms.left(form).length;
    const who = ["self", "self_with_scribe", "proxy"].map((value, place) => choice("respondent", "respondent", place, value, words[value], value === (form.respondent ?? "self")));
    show(form.title, text("p", "big", say("left", { count: left })), text("p", "", words.kept),
      sender(Forms.root(form), make("fieldset", { class: "field" }, make("legend", {}, words.who), ...who), button("main", words.begin)),
      sender(`${Forms.root(form)}/too-ill`, button("second", words.too_ill)), link("second", "/", words.rest), text("p", "soft notice", form.notice));
  }

  function ended() {
    const said = form.ended === "too_ill" ? words.noted : words.done;
    show(form.ended === "too_ill" ? words.noted_title : words.thanks, text("p", "big", said), link("main", "/", words.home));
  }

  function choice(id, field, number, value, said, isChosen, kind = "choice") {
    const input = make("input", { type: "radio", id: `${id}-${number}`, name: field, value, checked: isChosen });
    return make("label", { class: kind, for: `${id}-${number}` }, input, " ", make("span", {}, ...[said].flat()));
  }

  function choices(asked, before) {
    const field = `answer-${asked.id}`;
    if (asked.type === "choice") {
      return asked.choices.map(([value, said], number) => choice(asked.id, field, number, value, said, before === value));
    }
    const all = Array.from({ length: asked.high - asked.low + 1 }, (_, number) => asked.low + number);
    const end = (value) => (value === asked.low ? asked.ends[0] : value === asked.high ? asked.ends[1] : null);
    return [make("div", { class: "numbers" }, ...all.map((value, number) =>
      choice(asked.id, field, number, value, [`${value} `, ...(end(value) ? [text("span", "end", end(value))] : [])], before === value, "choice number")))];
  }

  function open(asked, before) {
    const id = `${asked.id}-field`, field = { id, name: `answer-${asked.id}`, "aria-describedby": `${asked.id}-hint`, autocomplete: "off" };
    const value = before ?? "";
    if (asked.type === "text") {
      return [text("p", "soft", words.names), make("textarea", { ...field, rows: 5, maxlength: asked.most }, `${value}`)];
    }
    const type = ["date", "time"].includes(asked.type) ? asked.type : "text";
    const hint = "low" in asked ? say("range", { low: asked.low, high: asked.high }) + (asked.unit && asked.unit !== "1" ? ` ${words[`unit_${asked.unit}`] ?? asked.unit}` : "") : "";
    const line = asked.type === "scale" ? { "data-line": true, "data-low": asked.low, "data-high": asked.high, "data-low-text": asked.ends[0], "data-high-text": asked.ends[1] } : {};
    return [make("p", { class: "soft", id: `${asked.id}-hint` }, hint), make("input", { ...field, type, value, inputmode: "low" in asked ? "decimal" : null, ...line })];
  }

  function question() {
    const asked = Forms.item(form, item);
    const order = Forms.asked(form);
    if (!asked || !order.includes(item)) return location.replace(Forms.root(form));
    const before = form.said[item]?.value ?? null;
    const isChoice = asked.type === "choice" || (asked.type === "scale" && asked.high - asked.low <= 20);
    const why = make("p", { class: "why", id: "why", role: "alert" });
    const field = isChoice
      ? make("fieldset", { class: "field", id: item }, make("legend", { class: "asked" }, asked.text), text("p", "soft", asked.help), ...choices(asked, before), why)
      : make("div", { class: "field", id: item }, make("label", { class: "asked", for: `${item}-field` }, asked.text), text("p", "soft", asked.help), ...open(asked, before), why);
    const ways = () => make("div", { class: "row ways" }, button("main", words.next, { name: "then", value: "next" }), button("second", words.back, { name: "then", value: "back" }));
    const left = Forms.left(form).filter((each) => each !== item).length;
    const at = sender(`${Forms.root(form)}/${item}`, hidden("shown", Date.now() * 1000), hidden("back", new URLSearchParams(location.search).get("back") ?? ""),
      make("input", { type: "hidden", name: `changes-${item}`, value: "", "data-changes": `answer-${item}` }), ways(),
      make("h1", { class: "progress" }, say("place", { number: order.indexOf(item) + 1, total: order.length }), left ? make("span", { class: "soft" }, `, ${say("about", { left })}`) : null),
      text("p", "stem", form.recall), text("p", "stem", asked.stem), field, ways(),
      make("div", { class: "row" }, button("second", words.rest, { name: "then", value: "rest" }), button("second", words.too_ill, { formaction: `${Forms.root(form)}/too-ill` })));
    at.addEventListener("submit", (event) => refuse(event, asked, at, why));
    if (form.skip_reasons.length) at.append(link("plain", `${Forms.root(form)}/${item}/no-answer`, words.skip));
    document.title = say("place", { number: order.indexOf(item) + 1, total: order.length });
    place.replaceChildren(at);
    if (new URLSearchParams(location.search).has("again")) why.textContent = words.answer;
    return undefined;
  }

  /* Nothing impossible leaves the page, and what was typed stays. */
  function refuse(event, asked, at, why) {
    const then = event.submitter?.value;
    if (event.submitter?.getAttribute("formaction")) return;
    const typed = `${new FormData(at).get(`answer-${asked.id}`) ?? ""}`.trim();
    const isSkipped = form.said[asked.id]?.skipped;
    if (typed ? Forms.read(asked, typed) !== null : then !== "next" || isSkipped) return;
    event.preventDefault();
    why.textContent = typed ? ("low" in asked ? say("range_why", { low: asked.low, high: asked.high }) : words.form) : words.answer;
    const first = at.querySelector(`[name="answer-${asked.id}"]`);
    first.setAttribute("aria-describedby", "why");
    (first.hidden ? first.nextElementSibling : first).focus();
  }

  function skip() {
    const reasons = form.skip_reasons.filter((each) => each !== "prefer_not");
    show(words.leave_out, text("p", "stem", Forms.item(form, item)?.text),
      sender(`${Forms.root(form)}/${item}/no-answer`, make("fieldset", { class: "field" }, make("legend", {}, words.why),
        ...reasons.map((each, number) => choice("reason", "reason", number, each, words[each], false))), button("main", words.yes_leave_out)),
      link("second", `${Forms.root(form)}/${item}`, words.no_back));
  }

  function review() {
    const left = Forms.left(form);
    const shown = (asked) => {
      const word = form.said[asked.id];
      if (!word) return words.no_word;
      if (word.value === null) return words.left_out;
      return asked.choices.find(([value]) => value === word.value)?.[1] ?? `${word.value}`;
    };
    const row = (asked) => make("div", {}, make("dt", {}, asked.stem ? make("span", { class: "soft" }, `${asked.stem} `) : null, asked.text),
      make("dd", {}, shown(asked), " ", make("a", { class: "plain", href: `${Forms.root(form)}/${asked.id}?back=review` }, words.change, make("span", { class: "unseen" }, `: ${asked.text}`))));
    const open = left.map((each) => make("li", {}, make("a", { class: "plain", href: `${Forms.root(form)}/${each}?back=review` }, Forms.item(form, each).text)));
    show(words.answers, left.length ? make("div", { class: "note" }, make("h2", {}, words.blank), make("ul", {}, ...open)) : null,
      left.length ? null : sender(Forms.all(form), button("main", words.hand_in)),
      make("dl", { class: "answers" }, ...Forms.asked(form).map((each) => row(Forms.item(form, each)))),
      link("second", "/", words.rest), text("p", "soft notice", form.notice));
  }

  function help() {
    const call = (number) => (number.startsWith("https:") ? number : `tel:${number.replaceAll(" ", "")}`);
    const entry = (kind, said, number) => make("li", {}, make("a", { class: `${kind} call`, href: call(number) }, said, make("strong", {}, number)));
    const { emergency, lines } = form.crisis;
    const way = Forms.item(form, item) ? Forms.after(form, item) : Forms.root(form);
    show(words.alone, text("p", "big", words.listens),
      make("ul", { class: "calls" }, emergency ? entry("main", words.emergency, emergency) : null, ...lines.map(([said, number]) => entry("second", said, number))),
      text("p", "", words.team_later), link("second", way, words.go_on));
  }

  const which = () => {
    if (location.pathname === "/leave") return "leave";
    if (form === null) return occasion ? "missing" : "list";
    if (step === "call-now") return "help";
    if (form.ended) return "ended";
    if (!item) return "start";
    if (item === "all-answers") return "review";
    if (step === "no-answer") return "skip";
    return step || !Forms.item(form, item) ? "start" : "question";
  };
  await pages[which()]();
  await import("/static/asking.js");
})();

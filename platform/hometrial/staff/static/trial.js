// What a screening would come to, while it is typed; without it the answers are judged when they are kept.
(() => {
  const form = document.querySelector("form[data-verdict]");
  if (!form) return;
  let waiting, asked = 0;

  function tell(name, sentence) {
    const input = form.elements[name], place = document.getElementById(`${name}-wrong`);
    if (!place) return;
    place.hidden = !sentence;
    place.textContent = sentence || "";
    if (input && input.classList) input.classList.toggle("is-invalid", Boolean(sentence));
  }

  async function judge() {
    const number = ++asked;
    let said;
    try {
      const answer = await fetch(form.dataset.verdict, { method: "POST", body: new FormData(form), credentials: "same-origin" });
      said = await answer.json();
    } catch {
      return; // nothing is lost: keeping the answers judges them, too
    }
    if (number !== asked) return;
    form.querySelectorAll("span.wrong[id^=answer-]").forEach((each) => tell(each.id.replace(/-wrong$/, ""), ""));
    Object.entries(said.faults || {}).forEach(([name, sentence]) => tell(`answer-${name}`, sentence));
    if (!said.verdict) return;
    document.getElementById("verdict").innerHTML = said.verdict;
    Object.entries(said.states).forEach(([id, state]) => {
      const mark = form.querySelector(`[data-criterion="${CSS.escape(id)}"]`);
      mark.textContent = state;
      mark.className = `state state-${state.replace(" ", "-")}`;
    });
  }

  form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(judge, 300); });
  form.addEventListener("change", () => { clearTimeout(waiting); judge(); });
})();

// What the schedule would ask of a person, while it is edited; without it the sums follow when it is saved.
(() => {
  const form = document.querySelector("form[data-burden]");
  if (!form) return;
  let waiting, asked = 0;

  async function sum() {
    const number = ++asked;
    try {
      const answer = await fetch(form.dataset.burden, { method: "POST", body: new FormData(form), credentials: "same-origin" });
      if (!answer.ok) return;
      const said = await answer.text();
      if (number === asked) document.getElementById("burden-now").innerHTML = said;
    } catch {
      // the sums stay those of what was saved last
    }
  }

  form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(sum, 400); });
})();

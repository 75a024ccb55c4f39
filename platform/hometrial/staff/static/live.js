// Renews what a page says is under way, while somebody looks at it, and goes on to what it was waiting for; without
// it one reloads.
(() => {
  const place = document.querySelector("[data-live]");
  if (!place) return;
  const busy = 3000, idle = 15000;

  async function renew() {
    let next = idle;
    if (!document.hidden) {
      try {
        const answer = await fetch(place.dataset.live, { credentials: "same-origin" });
        if (answer.status === 401) { place.append(" You are logged out; open the newest link again."); return; }
        if (answer.ok) place.innerHTML = await answer.text();
      } catch (error) { /* the site does not answer just now: the next round asks again */ }
      const done = place.querySelector("[data-done]");
      if (done) { window.location.replace(done.href); return; }
      if (place.querySelector("[data-busy]")) next = busy;
    }
    window.setTimeout(renew, next);
  }
  window.setTimeout(renew, place.querySelector("[data-busy]") ? busy : idle);
})();

// Draws the charts that a page names; without it the page shows the same figures as tables.
(() => {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const places = Array.from(document.querySelectorAll("[data-chart]"));

  // The policy of the site allows no styles made by scripts and no code from text.
  const options = {
    actions: false, ast: true, defaultStyle: false, logLevel: 1, mode: "vega-lite", renderer: "canvas",
    tooltip: { disableDefaultStyle: true },
  };

  async function draw(place) {
    const address = new URL(place.dataset.chart, window.location.href);
    address.searchParams.set("width", Math.max(240, Math.min(2400, Math.floor(place.clientWidth))));
    address.searchParams.set("theme", dark.matches ? "dark" : "light");
    try {
      const answer = await fetch(address, { credentials: "same-origin" });
      if (!answer.ok) throw new Error(`the site answered ${answer.status}`);
      await window.vegaEmbed(place, await answer.json(), options);
      place.setAttribute("role", "img");
      place.setAttribute("aria-label", "Heart rate, steps, sleep, wear and gaps by time; the tables of this page hold the figures");
    } catch (error) {
      place.textContent = `The chart could not be drawn (${error.message}); the tables below hold the figures.`;
    }
  }

  const drawAll = () => places.forEach(draw);
  let waiting, width = window.innerWidth;
  window.addEventListener("resize", () => {
    if (window.innerWidth === width) return; // a phone's address bar changes the height only
    width = window.innerWidth;
    clearTimeout(waiting);
    waiting = setTimeout(drawAll, 250);
  });
  dark.addEventListener("change", drawAll);
  drawAll();
})();

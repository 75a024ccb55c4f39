// Draws a person's timeline and lets one move about in it; without it the page shows a picture and a table.
(() => {
  const place = document.querySelector("[data-timeline]");
  if (!place) return;
  const section = place.closest(".timeline");
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const shown = section.querySelector(".timeline-shown");
  const zooms = Array.from(section.querySelectorAll("[data-zoom]"));
  const files = Array.from(section.querySelectorAll("[data-file]"));
  const LEAST = 2 * 1440; // minutes in sight at the least

  let view, starts, whole, windowed, left, inner;

  // Of what is pointed at only that which is known is shown.
  const formatTooltip = (value, sanitize) => {
    const rows = Object.entries(value).filter(([, each]) => each !== "" && each !== null && each !== undefined);
    const cells = rows.map(([key, each]) => `<tr><td class="key">${sanitize(key)}</td><td>${sanitize(String(each))}</td></tr>`);
    return `<table><tbody>${cells.join("")}</tbody></table>`;
  };
  // The policy of the site allows no styles made by scripts and no code from text.
  const options = {
    actions: false, ast: true, defaultStyle: false, logLevel: 1, mode: "vega-lite", renderer: "canvas",
    tooltip: { disableDefaultStyle: true, formatTooltip },
  };

  const dayAt = (minute) => {
    let low = 0, high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle].t <= minute) low = middle; else high = middle - 1;
    }
    return starts[low];
  };

  function tell() {
    const [first, last] = windowed;
    const from = dayAt(first + 1).day, to = dayAt(last - 1).day;
    const days = starts.filter((each) => each.until > first + 1 && each.t < last - 1).length;
    shown.textContent = `${from} to ${to} (${days} ${days === 1 ? "day" : "days"})`;
    for (const link of files) {
      const address = new URL(link.href);
      address.searchParams.set("from", from);
      address.searchParams.set("to", to);
      link.href = address;
    }
    for (const link of zooms) {
      const wanted = Number(link.dataset.zoom);
      const isIt = wanted ? wanted === days : first <= whole[0] && last >= whole[1];
      if (isIt) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
    }
    const address = new URL(window.location.href);
    address.searchParams.set("from", from);
    address.searchParams.set("to", to);
    window.history.replaceState(null, "", address);
  }

  let waiting;
  function show(first, last, quiet) {
    const width = Math.min(Math.max(last - first, LEAST), whole[1] - whole[0]);
    first = Math.min(Math.max(first, whole[0]), whole[1] - width);
    windowed = [first, first + width];
    view.signal("first", first).signal("last", first + width).runAsync();
    clearTimeout(waiting);
    if (!quiet) waiting = setTimeout(tell, 120);
  }

  const zoom = (factor, at) => {
    const [first, last] = windowed;
    show(at - (at - first) * factor, at + (last - at) * factor);
  };
  const middle = () => (windowed[0] + windowed[1]) / 2;
  const minuteAt = (event) => {
    const x = event.clientX - place.querySelector("canvas").getBoundingClientRect().left - left;
    return windowed[0] + (x / inner) * (windowed[1] - windowed[0]);
  };
  const dayUnder = (event) => {
    const minute = minuteAt(event);
    return minute < windowed[0] || minute >= windowed[1] ? null : dayAt(minute);
  };

  function lastDays(length) {
    const end = dayAt(windowed[1] - 1);
    const index = starts.indexOf(end);
    show(starts[Math.max(0, index - length + 1)].t, end.until);
  }

  const keys = {
    ArrowLeft: () => move(-0.2), ArrowRight: () => move(0.2), "+": () => zoom(0.7, middle()), "=": () => zoom(0.7, middle()),
    "-": () => zoom(1.4, middle()), Home: () => move(-1e9), End: () => move(1e9), 0: () => show(...whole),
  };
  function move(share) {
    const [first, last] = windowed, by = share * (last - first);
    show(first + by, last + by);
  }

  function listen() {
    place.addEventListener("keydown", (event) => {
      const act = keys[event.key];
      if (!act || event.ctrlKey || event.metaKey || event.altKey || !view) return;
      event.preventDefault();
      act();
    });
    place.addEventListener("wheel", (event) => {
      if (!view) return;
      const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
      if (!event.ctrlKey && !event.metaKey && !sideways) return; // the page scrolls on
      event.preventDefault();
      if (sideways) move(event.deltaX / inner); else zoom(event.deltaY > 0 ? 1.15 : 0.87, minuteAt(event));
    }, { passive: false });
    let held = null;
    place.addEventListener("pointerdown", (event) => {
      if (view && event.button === 0) held = { x: event.clientX, first: windowed[0], last: windowed[1], moved: false };
    });
    window.addEventListener("pointermove", (event) => {
      if (!held) return;
      if (!held.moved && Math.abs(event.clientX - held.x) < 5) return;
      held.moved = true;
      place.classList.add("moving");
      const by = ((held.x - event.clientX) / inner) * (held.last - held.first);
      show(held.first + by, held.last + by);
    });
    let hasMoved = false;
    window.addEventListener("pointerup", () => {
      place.classList.remove("moving");
      hasMoved = Boolean(held && held.moved);
      held = null;
    });
    place.addEventListener("pointermove", (event) => { if (view && !held) point(dayUnder(event)); });
    place.addEventListener("pointerleave", () => { if (view) point(null); });
    place.addEventListener("click", (event) => {
      const day = view && !hasMoved ? dayUnder(event) : null;
      if (day) window.location.href = place.dataset.day + day.day;
    });
    for (const link of zooms) {
      link.addEventListener("click", (event) => {
        if (!view || event.ctrlKey || event.metaKey) return;
        event.preventDefault();
        const length = Number(link.dataset.zoom);
        if (length) lastDays(length); else show(...whole);
      });
    }
  }

  // Another drawing of the page may have brought the library; loaded twice it fails.
  const library = () => window.vegaEmbed ? Promise.resolve() : new Promise((loaded, failed) => {
    const script = document.createElement("script");
    script.src = place.dataset.vega;
    script.onload = loaded;
    script.onerror = () => failed(new Error("the chart library did not come"));
    document.head.append(script);
  });

  function point(day) {
    const [at, upto] = day ? [day.t, day.until] : [-1, -1];
    if (view.signal("at") !== at) view.signal("at", at).signal("upto", upto).runAsync();
  }

  async function draw() {
    place.dataset.waits = "yes";
    const style = window.getComputedStyle(place);
    const width = place.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const address = new URL(place.dataset.timeline, window.location.href);
    address.searchParams.set("width", Math.max(240, Math.min(2400, Math.floor(width))));
    const theme = dark.matches ? "dark" : "light";
    address.searchParams.set("theme", theme);
    try {
      const [answer] = await Promise.all([fetch(address, { credentials: "same-origin" }), library()]);
      if (!answer.ok) throw new Error(`the site answered ${answer.status}`);
      const made = await answer.json();
      starts = made.datasets.days;
      whole = [starts[0].t, starts[starts.length - 1].until];
      const signals = Object.fromEntries(made.params.map((each) => [each.name, each.value]));
      if (windowed) {
        for (const each of made.params) if (each.name === "first" || each.name === "last") each.value = windowed[each.name === "first" ? 0 : 1];
      } else windowed = [signals.first, signals.last];
      inner = made.vconcat[0].width;
      const found = await window.vegaEmbed(place, made, options);
      view = found.view;
      place.dataset.drawn = theme;
      left = view.origin()[0];
      place.tabIndex = 0;
      place.setAttribute("role", "application");
      place.setAttribute("aria-roledescription", "timeline");
      place.setAttribute("aria-label", "Dose, watch, scores and events by day; arrow keys move, plus and minus zoom; the table holds the same figures");
      section.querySelector(".timeline-keys").hidden = false;
      tell();
    } catch (error) {
      place.textContent = `The timeline could not be drawn (${error.message}); the table holds the same figures.`;
    }
  }

  let later, width = window.innerWidth;
  window.addEventListener("resize", () => {
    if (window.innerWidth === width) return; // a phone's address bar changes the height only
    width = window.innerWidth;
    clearTimeout(later);
    later = setTimeout(draw, 250);
  });
  dark.addEventListener("change", draw);
  listen();
  draw();
})();

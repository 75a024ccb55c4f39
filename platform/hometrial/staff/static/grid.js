// A grid wider than the window opens at its newest day, which is what one looks for first.
document.querySelectorAll("[data-newest]").forEach((place) => { place.scrollLeft = place.scrollWidth; });

// Arrow keys walk over the cells, of which one alone can be tabbed to; what a cell says is told above.
document.querySelectorAll("[data-grid]").forEach((grid) => {
  const told = document.querySelector("[data-told]");
  const rows = [...grid.tBodies[0].rows].map((row) => [...row.cells].filter((cell) => cell.tagName === "TD" && !cell.classList.contains("pick")).map((cell) => cell.querySelector("a")));
  const tell = (event) => { const link = event.target.closest("td a[title]"); if (link && told) { told.textContent = link.closest("tr").querySelector("th").textContent + ", " + link.title; } };
  const links = rows.flat().filter(Boolean);
  links.forEach((link) => { link.tabIndex = -1; });
  if (links.length) { links[links.length - 1].tabIndex = 0; }
  grid.addEventListener("mouseover", tell);
  grid.addEventListener("focusin", (event) => {
    tell(event);
    if (links.includes(event.target)) { links.forEach((link) => { link.tabIndex = -1; }); event.target.tabIndex = 0; }
  });
  const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  grid.addEventListener("keydown", (event) => {
    const step = steps[event.key];
    let row = rows.findIndex((each) => each.includes(event.target));
    if (!step || row < 0) { return; }
    let column = rows[row].indexOf(event.target);
    event.preventDefault();
    do { row += step[0]; column += step[1]; } while (rows[row] && column >= 0 && column < rows[row].length && !rows[row][column]);
    const next = rows[row] && rows[row][column];
    if (next) { next.focus(); }
  });
});

document.querySelectorAll("[data-choose]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => { button.form.querySelectorAll("input[name=who]").forEach((box) => { box.checked = true; }); });
});

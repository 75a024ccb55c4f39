// A grid wider than the window opens at its newest day, which is what one looks for first.
document.querySelectorAll("[data-newest]").forEach((place) => { place.scrollLeft = place.scrollWidth; });

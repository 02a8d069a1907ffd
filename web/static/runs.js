// Keeps what is said of a run under way up to date; without this script the page has a link that does it.
"use strict";
(() => {
  const EVERY_MS = 2000;

  async function look(place) {
    const response = await fetch(`/runs/${encodeURIComponent(place.dataset.run)}/progress`);
    if (!response.ok) throw new Error(response.statusText);
    const run = await response.json();
    if (run.state !== place.dataset.state) return location.reload(); // finished, stopped or failed: another page
    place.querySelector(".words").textContent = run.words;
    place.querySelector(".message").textContent = run.message;
    const bar = place.querySelector("progress");
    if (run.total) Object.assign(bar, { max: run.total, value: run.done });
  }

  for (const place of document.querySelectorAll('.under-way[data-state="running"]')) {
    place.querySelector(".refresh").hidden = true;
    const again = () =>
      look(place)
        .catch(() => (place.querySelector(".message").textContent = "Footnote does not answer. Is it still running?"))
        .finally(() => setTimeout(again, EVERY_MS));
    setTimeout(again, EVERY_MS);
  }
})();

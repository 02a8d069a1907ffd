// Filters the questions and opens the one that a link names. Without it, everything can still be read.
(() => {
  "use strict";
  const at = (id) => document.getElementById(id);
  const entries = [...document.querySelectorAll("#list > details")];
  const [form, stage, words, changed, count] = ["filter", "f-stage", "f-text", "f-changed", "f-count"].map(at);
  let texts = null; // read once, when somebody searches

  const plain = (text) => text.toLowerCase().replace(/\s+/g, " ").trim();

  function filter() {
    const wanted = stage.value;
    const parts = plain(words.value).split(" ").filter(Boolean);
    if (parts.length && !texts) texts = entries.map((entry) => plain(entry.textContent));
    let shown = 0;
    entries.forEach((entry, index) => {
      const { s, w, c } = entry.dataset;
      const fits =
        (!wanted || (wanted === "wrong" ? w !== undefined : s.split("|").includes(wanted))) &&
        (!changed || !changed.checked || c !== undefined) &&
        parts.every((part) => texts[index].includes(part));
      if (entry.hidden === fits) entry.hidden = !fits;
      shown += fits;
    });
    const all = entries.length;
    count.textContent = shown === all ? `${all} ${all === 1 ? "question" : "questions"}` : `${shown} of ${all} questions`;
    at("nothing").hidden = shown > 0;
  }

  function clear() {
    form.reset();
    filter();
  }

  function openNamed() {
    const target = at(location.hash.slice(1)); // ids are written as addresses write them
    const entry = target && target.closest("#list > details");
    if (!entry) return;
    if (entry.hidden) clear();
    entry.open = true;
    target.scrollIntoView();
    if (target === entry) entry.firstElementChild.focus({ preventScroll: true });
  }

  form.hidden = false;
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  at("f-clear").addEventListener("click", clear);
  at("f-open").addEventListener("click", () => entries.forEach((entry) => { if (!entry.hidden) entry.open = true; }));
  addEventListener("hashchange", openNamed);
  addEventListener("pageshow", filter); // a browser may bring back what was typed before
  openNamed();
})();

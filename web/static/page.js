// The parts of the page that live in the browser: the source panel, copying, thumbs, and where focus and view go.
// Text from documents only ever becomes text nodes here.
"use strict";
(() => {
  const PHONE = "(max-width: 760px)";
  let opener = null; // the control that opened the panel, which gets the focus back
  let shown = null; // what the panel shows: {source, start, end, label, number}
  let request = 0; // the newest request; an older one that comes in late is dropped

  const make = (tag, className, text) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const button = (className, text, action) => {
    const element = make("button", className, text);
    element.type = "button";
    element.addEventListener("click", action);
    return element;
  };

  // ---- the source panel -------------------------------------------------------------------------------------------
  const panel = make("div", "source-panel");
  panel.id = "source-panel";
  panel.hidden = true;
  panel.setAttribute("role", "dialog");
  panel.setAttribute("aria-labelledby", "source-title");
  const label = make("p", "source-label");
  const title = make("h2", "source-title");
  title.id = "source-title";
  title.tabIndex = -1;
  const where = make("p", "source-where");
  const path = make("p", "source-path");
  const close = button("source-close", "Close", () => closePanel());
  const text = make("div", "source-text");
  text.tabIndex = 0;
  text.setAttribute("role", "region");
  text.setAttribute("aria-label", "Text of the page");
  const sheet = make("div", "source-sheet");
  sheet.hidden = true;
  sheet.tabIndex = 0;
  sheet.setAttribute("role", "region");
  sheet.setAttribute("aria-label", "Picture of the page");
  const choose = button("source-choose", "", () => showAs(text.hidden));
  const previous = button("source-previous", "← Previous", () => turn(-1));
  const back = button("source-back", "Back to the quote", () => shown && load(shown));
  const next = button("source-next", "Next →", () => turn(1));
  const head = make("header", "source-head");
  const words = make("div");
  words.append(label, title, where, path);
  const controls = make("div", "source-controls");
  controls.append(choose, close);
  head.append(words, controls);
  const foot = make("footer", "source-foot");
  foot.append(previous, back, next);
  panel.append(head, text, sheet, foot);
  const scrim = make("div", "scrim");
  scrim.hidden = true;
  scrim.addEventListener("click", () => closePanel());

  const pages = (source) => `/api/v1/sources/${source.split("/").map(encodeURIComponent).join("/")}/pages`;
  const date = (iso) => {
    const parts = iso.split("-").map(Number);
    const options = { year: "numeric", timeZone: "UTC" };
    if (parts.length > 1) options.month = "long";
    if (parts.length > 2) options.day = "numeric";
    const day = new Date(Date.UTC(parts[0], (parts[1] || 1) - 1, parts[2] || 1));
    return Number.isNaN(day.valueOf()) ? iso : day.toLocaleDateString("en-GB", options);
  };

  function openPanel(control) {
    const { source, start, end, label: name } = control.dataset;
    opener = control;
    shown = { source, start: Number(start), end: Number(end), label: name };
    panel.hidden = scrim.hidden = false;
    document.body.classList.add("panel-open");
    const phone = window.matchMedia(PHONE).matches;
    panel.setAttribute("aria-modal", String(phone));
    document.querySelector("gradio-app")?.toggleAttribute("inert", phone);
    for (const element of document.querySelectorAll(".opened")) element.classList.remove("opened");
    (control.closest(".card, .mark") || control).classList.add("opened");
    load(shown).then(() => title.focus({ preventScroll: true }));
  }

  function closePanel() {
    if (panel.hidden) return;
    panel.hidden = scrim.hidden = true;
    request += 1;
    document.body.classList.remove("panel-open");
    document.querySelector("gradio-app")?.removeAttribute("inert");
    for (const element of document.querySelectorAll(".opened")) element.classList.remove("opened");
    const target = opener && opener.isConnected && opener.matches("button") ? opener : opener?.querySelector("button");
    (target && target.isConnected ? target : document.querySelector("#question textarea"))?.focus();
  }

  const load = (quote) => fill(`${pages(quote.source)}/at?start=${quote.start}&boxes=true`);
  const turn = (step) => shown && fill(`${pages(shown.source)}/${shown.number + step}?boxes=true`);

  async function fill(address) {
    const mine = ++request;
    panel.setAttribute("aria-busy", "true");
    let page;
    try {
      const response = await fetch(address);
      page = await response.json();
      if (!response.ok) throw new Error(page.detail || "The page could not be read.");
    } catch (error) {
      page = { error: error instanceof TypeError ? "Footnote does not answer. Is it still running?" : error.message };
    }
    if (mine !== request) return;
    panel.removeAttribute("aria-busy");
    draw(page);
  }

  function draw(page) {
    label.textContent = shown.label;
    if (page.error) {
      title.textContent = "The document can't be shown";
      where.textContent = "";
      path.textContent = shown.source;
      text.replaceChildren(make("p", "source-error", page.error));
      sheet.replaceChildren();
      showAs(true);
      foot.hidden = true;
      return;
    }
    shown.number = page.number;
    const unit = page.is_page ? "page" : "section";
    title.textContent = page.title;
    const of = page.count > 1 ? `${unit} ${page.number} of ${page.count}` : page.is_page && "page 1";
    where.textContent = [page.date && date(page.date), of].filter(Boolean).join(" · ");
    path.textContent = page.source;
    foot.hidden = page.count <= 1; // there is nowhere to turn to
    previous.textContent = `← Previous ${unit}`;
    next.textContent = `Next ${unit} →`;
    previous.disabled = page.number <= 1;
    next.disabled = page.number >= page.count;
    const mark = set(page);
    back.hidden = Boolean(mark);
    place(page);
    showAs(prefersText);
  }

  // ---- the picture of a page, with the quoted words marked where they stand ------------------------------------------
  let prefersText = false;

  function place(page) {
    const picture = page.boxes?.length ? make("img") : null;
    sheet.replaceChildren();
    if (!picture) return;
    picture.alt = `Page ${page.number} of ${page.title}`;
    picture.addEventListener("error", () => {
      sheet.replaceChildren(); // the file has moved or changed since it was indexed: its text is still here
      showAs(true);
    });
    picture.src = `${pages(shown.source)}/${page.number}/picture`;
    const paper = make("div", "paper");
    paper.style.aspectRatio = `${page.width} / ${page.height}`;
    paper.append(picture, ...rectangles(page).map((one) => over(one, page)));
    sheet.append(paper);
  }

  // One rectangle for each line of the quote: neighbours that overlap in height go together.
  function rectangles(page) {
    const lines = [];
    for (const [left, top, right, bottom] of page.boxes.slice(Math.max(0, shown.start - page.start), Math.max(0, shown.end - page.start))) {
      if (right <= left || bottom <= top) continue;
      const line = lines.at(-1);
      const overlap = line ? Math.min(line.bottom, bottom) - Math.max(line.top, top) : 0;
      if (line && overlap > 0.4 * Math.min(line.bottom - line.top, bottom - top) && left > line.left) {
        Object.assign(line, { right: Math.max(line.right, right), top: Math.min(line.top, top), bottom: Math.max(line.bottom, bottom) });
      } else {
        lines.push({ left, top, right, bottom });
      }
    }
    return lines;
  }

  function over(one, page) {
    const mark = make("span", "over");
    mark.style.left = `${(100 * one.left) / page.width}%`;
    mark.style.top = `${(100 * one.top) / page.height}%`;
    mark.style.width = `${(100 * (one.right - one.left)) / page.width}%`;
    mark.style.height = `${(100 * (one.bottom - one.top)) / page.height}%`;
    return mark;
  }

  function showAs(words) {
    const has = sheet.hasChildNodes();
    if (has) prefersText = words;
    choose.hidden = !has;
    sheet.hidden = words || !has;
    text.hidden = !sheet.hidden;
    choose.textContent = text.hidden ? "Show the text" : "Show the page";
    const mark = (text.hidden ? sheet : text).querySelector("mark, .over");
    if (mark) mark.scrollIntoView({ block: "center" });
    else text.scrollTop = sheet.scrollTop = 0;
  }

  // Offsets count code points, as Python does; a JavaScript string counts UTF-16 units, hence the array.
  function set(page) {
    const characters = Array.from(page.text);
    const from = Math.max(0, shown.start - page.start);
    const to = Math.min(characters.length, shown.end - page.start);
    if (to <= 0 || from >= to) {
      text.replaceChildren(document.createTextNode(page.text));
      return null;
    }
    const mark = make("mark", "", characters.slice(from, to).join(""));
    text.replaceChildren(
      document.createTextNode(characters.slice(0, from).join("")),
      mark,
      document.createTextNode(characters.slice(to).join("")),
    );
    return mark;
  }

  // ---- copying ----------------------------------------------------------------------------------------------------
  async function copy(control) {
    const done = (await write(control.dataset.copy)) ? "Copied" : "Copying is blocked by the browser";
    const before = control.dataset.before || control.textContent;
    control.dataset.before = before;
    control.textContent = done;
    say(done);
    setTimeout(() => control.isConnected && (control.textContent = before), 2000);
  }

  // The clipboard interface exists only on https and localhost; elsewhere a selection is copied.
  async function write(plain) {
    try {
      await navigator.clipboard.writeText(plain);
      return true;
    } catch {
      const area = make("textarea", "off-screen");
      area.value = plain;
      document.body.append(area);
      const focused = document.activeElement;
      area.select();
      const copied = document.execCommand("copy");
      area.remove();
      focused?.focus();
      return copied;
    }
  }

  const say = (words) => {
    const live = document.querySelector("#live [role=status]");
    if (live) live.textContent = words;
  };

  // A question that has to wait, for its own predecessor or behind other people's, must not seem lost.
  function asked() {
    if (!document.querySelector("#stop")?.disabled) {
      say("The answer is still being written. Stop it to ask something else.");
      return;
    }
    const before = newest;
    const typed = document.querySelector("#question textarea").value.trim();
    setTimeout(() => typed && newest === before && say("Sent. Waiting for a free place."), 800);
  }

  // ---- what a reader says of an answer ------------------------------------------------------------------------------
  // The server draws earlier answers anew with every question, so what was said of them is kept here.
  const RECORDED = {
    up: "Recorded. Thank you.",
    down: "Recorded. It will be a question of the next question set.",
  };
  const said = new Map();
  const keyOf = (rating) => rating.dataset.exchangeNumber + rating.dataset.feedback;
  const stateOf = (rating) => {
    const fresh = { recorded: "", open: false, busy: false, wrong: new Set(), comment: "", words: "" };
    if (!said.has(keyOf(rating))) said.set(keyOf(rating), fresh);
    return said.get(keyOf(rating));
  };

  function drawRating(rating) {
    const state = stateOf(rating);
    rating.dataset.drawn = "";
    const pressed = state.open ? "down" : state.recorded;
    for (const thumb of rating.querySelectorAll(".thumb"))
      thumb.setAttribute("aria-pressed", String(thumb.dataset.rating === pressed));
    for (const toggle of rating.querySelectorAll(".toggle"))
      toggle.setAttribute("aria-pressed", String(state.wrong.has(Number(toggle.dataset.wrong))));
    rating.querySelector(".down").setAttribute("aria-expanded", String(state.open));
    rating.querySelector(".wrong").hidden = !state.open;
    rating.querySelector(".send").setAttribute("aria-disabled", String(state.busy)); // disabled, it would lose the focus
    const comment = rating.querySelector(".comment");
    if (comment.value !== state.comment) comment.value = state.comment;
    const words = rating.querySelector(".recorded");
    if (words.textContent !== state.words) words.textContent = state.words;
  }

  function rate(control, rating) {
    const state = stateOf(rating);
    const { wrong, rating: thumb } = control.dataset;
    if (wrong) state.wrong.delete(Number(wrong)) || state.wrong.add(Number(wrong));
    else if (thumb === "up" && state.recorded !== "up") send(rating, "up");
    else if (thumb === "down" && !state.open) Object.assign(state, { open: true, words: "" });
    else if (control.matches(".send")) send(rating, "down");
    else if (thumb !== "up") state.open = false;
    drawRating(rating);
    if (thumb === "down" && state.open) {
      rating.querySelector(".wrong").scrollIntoView({ block: "nearest" }); // from under the question box
      rating.querySelector(".toggle, .comment").focus({ preventScroll: true });
    }
    if (control.matches(".cancel")) rating.querySelector(".down").focus();
  }

  async function send(rating, thumb) {
    const [key, state] = [keyOf(rating), stateOf(rating)];
    if (state.busy) return;
    Object.assign(state, { busy: true, words: "Sending …" });
    const down = thumb === "down" && { wrong_citations: [...state.wrong], comment: state.comment };
    const body = JSON.stringify({ ...JSON.parse(rating.dataset.feedback), rating: thumb, ...down });
    try {
      const headers = { "Content-Type": "application/json" };
      const response = await fetch("/api/v1/feedback", { method: "POST", headers, body });
      const answer = await response.json();
      if (!response.ok) throw new Error(answer.detail || "It could not be recorded.");
      Object.assign(state, { recorded: thumb, open: false, words: RECORDED[thumb] });
    } catch (error) {
      state.words = error instanceof TypeError ? "Footnote does not answer. Is it still running?" : error.message;
    }
    state.busy = false;
    for (const shown of document.querySelectorAll(".rating")) {
      if (keyOf(shown) !== key) continue;
      const within = shown.querySelector(".wrong").contains(document.activeElement);
      drawRating(shown);
      if (within && !state.open) shown.querySelector(".down").focus();
    }
  }

  document.addEventListener("input", (event) => {
    const rating = event.target.matches(".rating .comment") && event.target.closest(".rating");
    if (rating) stateOf(rating).comment = event.target.value;
  });

  // ---- one listener for the page ------------------------------------------------------------------------------------
  document.addEventListener("click", (event) => {
    const control = event.target.closest("button, .card");
    if (!control) return;
    const rating = control.closest(".rating");
    if (control.dataset.copy !== undefined) copy(control);
    else if (rating) rate(control, rating);
    else if (control.dataset.source !== undefined) {
      const selecting = control.matches(".card") && String(getSelection());
      if (!selecting) openPanel(control);
    } else if (["stop", "ask", "new"].includes(control.id)) {
      if (control.id === "ask") asked();
      if (control.id === "stop") say("Stopping.");
      if (control.id === "new") said.clear();
      document.querySelector("#question textarea")?.focus(); // Stop goes away, and a follow-up may be typed at once
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") closePanel();
    const form = event.key === "Escape" && event.target.closest?.(".rating .wrong");
    if (form) form.querySelector(".cancel").click();
    if (event.key === "Enter" && !event.shiftKey && event.target.matches("#question textarea")) asked();
  });

  // ---- a new question comes to the top of the view, once; nothing moves the view after that -------------------------
  let newest = "";
  const observer = new MutationObserver(() => {
    for (const rating of document.querySelectorAll(".rating:not([data-drawn])")) drawRating(rating);
    const article = document.querySelector("#current .exchange");
    const number = article?.dataset.exchange || "";
    if (number === newest) return;
    newest = number;
    closePanel();
    // Two frames later what stood above it has been laid out, or taken away; and so may have been what is there now.
    const show = () => document.querySelector("#current .exchange")?.scrollIntoView({ block: "start" });
    if (article) requestAnimationFrame(() => requestAnimationFrame(show));
  });

  addEventListener("DOMContentLoaded", () => document.body.append(scrim, panel));
  if (document.readyState !== "loading") document.body.append(scrim, panel);
  observer.observe(document.documentElement, {
    childList: true,
    subtree: true,
    attributes: true,
    attributeFilter: ["data-exchange"],
  });
})();

/**
 * Footnote inside somebody else's page: a button in the corner, or a panel where <footnote-widget> stands.
 *
 *     <script src="https://footnote.example/widget.js" data-embed="hr" data-token-url="/footnote-token" defer></script>
 *     <footnote-widget embed="hr" token-url="/footnote-token" mode="inline"></footnote-widget>
 *
 * One file, served as it is: no dependencies, no build. What it relies on the page for is nothing but a token: the page's
 * own server hands one out at token-url, it is exchanged for ours, and ours is kept in a variable of `createClient` and
 * nowhere else. Text of documents, models and settings only ever becomes text nodes; no HTML is parsed, no style attribute
 * set, no message listened to, so that it works under a page's strict policies.
 *
 * The shadow root is open. A closed one would keep nobody out: a page's own script runs first and can replace
 * attachShadow; and an open one can be checked by the tools with which owners of pages check them.
 *
 * Browsers since May 2024 (Chromium 123, Firefox 125, Safari 17.5): the newest thing used is light-dark() in styles.
 */
"use strict";
(() => {
  // ---- what the browser offers, taken before a page can change it -----------------------------------------------------
  // Old libraries replace methods of arrays, JSON or fetch, some of them after we are loaded. So no method is looked up
  // after this section: what is needed is held as functions that take their object first, and lists are read by index
  // (spreading one into another, or taking it apart, would ask it for its iterator).
  const { apply } = Reflect;
  /** @type {(method: Function) => (self: any, ...rest: any[]) => any} */
  const free = (method) => (self, ...rest) => apply(method, self, rest);
  const { fetch, TextDecoder, AbortController, CSSStyleSheet, URL, Error, TypeError } = window;
  const { encodeURIComponent, parseInt, CSS, document, origin: pageOrigin } = window;
  const { parse, stringify } = JSON;
  const { isArray } = Array;
  const { keys } = Object;
  const { min, max } = Math;
  const { now, UTC } = Date;
  const { DateTimeFormat } = Intl;
  const warn = console.error.bind(console);
  const matches = window.matchMedia.bind(window);
  const supports = CSS.supports.bind(CSS);
  const elements = window.customElements;
  const slice = free(String.prototype.slice);
  const indexOf = free(String.prototype.indexOf);
  const lastIndexOf = free(String.prototype.lastIndexOf);
  const split = free(String.prototype.split);
  const trim = free(String.prototype.trim);
  const codePointAt = free(String.prototype.codePointAt);
  const upper = free(String.prototype.toUpperCase);
  const format = free(Object.getOwnPropertyDescriptor(DateTimeFormat.prototype, "format").get);
  const textOf = free(Response.prototype.text);
  const header = free(Headers.prototype.get);
  const readerOf = free(ReadableStream.prototype.getReader);
  const read = free(ReadableStreamDefaultReader.prototype.read);
  const decode = free(TextDecoder.prototype.decode);
  const abort = free(AbortController.prototype.abort);
  const create = free(Document.prototype.createElement);
  const createNamed = free(Document.prototype.createElementNS);
  const byTag = free(Document.prototype.getElementsByTagName);
  const createText = free(Document.prototype.createTextNode);
  const appendChild = free(Node.prototype.appendChild);
  const replaceChild = free(Node.prototype.replaceChild);
  const replaceChildren = free(Element.prototype.replaceChildren);
  const remove = free(Element.prototype.remove);
  const getAttribute = free(Element.prototype.getAttribute);
  const setAttribute = free(Element.prototype.setAttribute);
  const attachShadow = free(Element.prototype.attachShadow);
  const focus = free(HTMLElement.prototype.focus);
  const show = free(HTMLDialogElement.prototype.show);
  const showModal = free(HTMLDialogElement.prototype.showModal);
  const closeDialog = free(HTMLDialogElement.prototype.close);
  const listen = free(EventTarget.prototype.addEventListener);
  const replaceSync = free(CSSStyleSheet.prototype.replaceSync);
  const setProperty = free(CSSStyleDeclaration.prototype.setProperty);

  /** @type {<T>(list: ArrayLike<T>, act: (item: T, index: number) => void) => void} */
  const each = (list, act) => {
    for (let index = 0; index < list.length; index += 1) act(list[index], index);
  };
  /** @type {<T, U>(list: ArrayLike<T>, change: (item: T, index: number) => U) => U[]} */
  const map = (list, change) => {
    const made = [];
    each(list, (item, index) => (made[index] = change(item, index)));
    return made;
  };
  /** @type {<T>(list: T[], item: T) => void} */
  const push = (list, item) => {
    list[list.length] = item;
  };
  /** @type {<T>(list: ArrayLike<T>, keep: (item: T, index: number) => unknown) => T[]} */
  const filter = (list, keep) => {
    const kept = [];
    each(list, (item, index) => keep(item, index) && push(kept, item));
    return kept;
  };
  /** @type {(parts: ArrayLike<string>, between: string) => string} */
  const join = (parts, between) => {
    let joined = "";
    each(parts, (part, index) => (joined += index ? between + part : part));
    return joined;
  };
  /** JSON, made piece by piece since a page's toJSON methods would have a say in JSON.stringify of objects. */
  const json = (value) => {
    if (isArray(value)) return `[${join(map(value, json), ",")}]`;
    if (typeof value !== "object" || value === null) return stringify(value) || "null";
    return `{${join(map(keys(value), (key) => `${stringify(key)}:${json(value[key])}`), ",")}}`;
  };
  /** What JSON text holds, or null when it is none. */
  const parsed = (text) => {
    try {
      return parse(text);
    } catch {
      return null;
    }
  };

  // ---- all words ------------------------------------------------------------------------------------------------------
  // Each may be replaced: by the embed's settings, by the attribute `texts` (JSON), by the property of the same name.
  const TEXTS = {
    lang: "en-GB", // of the words here; dates are written in it
    launcher: "Ask the documents",
    title: "Ask the documents",
    greeting: "Ask a question. The answer comes from the documents, with a footnote under every sentence.",
    suggestions: "Questions to begin with",
    placeholder: "Ask a question",
    ask: "Ask",
    stop: "Stop",
    close: "Close",
    close_source: "Back to the conversation",
    new_conversation: "New conversation",
    hint: "Answers come from the documents; check the footnotes.",
    conversation: "Conversation",
    searching: "Searching the documents …",
    reading: "Reading the quotes below …",
    queue: "Questions that are answered before yours: {place}.",
    found: "Found in the documents",
    found_status: "Quotes found: {count}. Writing the answer.",
    ready: "Answer ready. Sentences: {sentences}. Footnotes: {footnotes}.",
    still_writing: "The answer is still being written. Stop it to ask something else.",
    searched_for: "Searched for: {question}",
    footnotes: "Footnotes",
    others: "Also found, not cited ({count})",
    quotes_only: "The documents’ own words, best first",
    refusal: "The documents do not say.",
    nearest: "The nearest passages, which do not answer it",
    dropped: "Left out, as the documents do not support it ({count})",
    disagree: "The documents disagree on “{about}”:",
    checks: "What the check found:",
    supported: "supported",
    partly: "partly supported",
    unsupported: "not supported",
    stopped: "Stopped before the answer was complete.",
    cut: "The answer ended before it was complete. Ask again.",
    again: "Ask again",
    busy: "There are too many questions at the moment.",
    retry: "Try again in {seconds} seconds.",
    unreachable: "The assistant does not answer. Try again in a moment.",
    failed: "The question could not be answered. Try again.",
    signed_out: "This page could not confirm who you are. Reload it; you may have been signed out.",
    not_set_up: "This assistant is not set up yet.",
    footnote: "Footnote {number}",
    quote: "Quote",
    page: "page {number}",
    page_of: "page {number} of {count}",
    section_of: "section {number} of {count}",
    speaker: "{speaker}, as reported in {title}",
    before: "Before it:",
    show: "Show in document",
    show_named: "{label}: show in {place}",
    around: "In the document",
    loading: "Opening the document …",
    unopened: "The document can’t be shown.",
    rating: "Was this answer right?",
    right: "This answer is right",
    wrong: "This answer is wrong",
    which: "Which footnote was wrong?",
    comment: "What is wrong, or where the right answer stands (optional)",
    send: "Send",
    cancel: "Cancel",
    sending: "Sending …",
    thanks: "Recorded. Thank you.",
    unrecorded: "It could not be recorded.",
  };

  /** A text with its {names} replaced. */
  const fill = (text, values) => {
    const parts = split(text, "{");
    let filled = parts[0];
    each(parts, (part, index) => {
      const end = indexOf(part, "}");
      const value = end < 0 ? undefined : values[slice(part, 0, end)];
      if (index > 0) filled += value === undefined ? `{${part}` : value + slice(part, end + 1);
    });
    return filled;
  };

  // ---- looks ----------------------------------------------------------------------------------------------------------
  // A page may set --footnote-accent, -accent-text, -background, -text, -radius, -font and -height; two colours for light
  // and dark go in light-dark(). The embed's colours come after the page's, ours last; the others are mixed from those.
  const STYLES = `
:host { display: block !important; visibility: visible !important; opacity: 1 !important; }
:host(:not([mode="inline"])) { display: contents !important; }
:host([hidden]) { display: none !important; }
.root {
  all: initial; display: block; color-scheme: light dark;
  --accent: var(--footnote-accent, var(--footnote-embed-accent, light-dark(#1f4468, #a5c8ec)));
  --on-accent: var(--footnote-accent-text, var(--footnote-embed-accent-text, light-dark(#ffffff, #14202c)));
  --ground: var(--footnote-background, var(--footnote-embed-background, light-dark(#ffffff, #1d1c1b)));
  --ink: var(--footnote-text, var(--footnote-embed-text, light-dark(#1d1c1a, #ebe6dc)));
  --soft: color-mix(in srgb, var(--ink) 74%, var(--ground));
  --edge: color-mix(in srgb, var(--ink) 55%, var(--ground));
  --rule: color-mix(in srgb, var(--ink) 16%, var(--ground));
  --wash: color-mix(in srgb, var(--ink) 4%, var(--ground));
  --mark: light-dark(#fff0a3, #5f4e10);
  --mark-ink: light-dark(#1d1c1a, #fffbea);
  --supported: light-dark(#22663a, #8fd0a4);
  --partly: light-dark(#7d4e00, #e6b45c);
  --unsupported: light-dark(#9c1c1c, #f0958d);
  --radius: var(--footnote-radius, 10px);
  --small: 0.875em;
  font-family: var(--footnote-font, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif);
  line-height: 1.5; color: var(--ink); text-align: start; -webkit-text-size-adjust: 100%;
}
:host([theme="light"]) .root { color-scheme: light; }
:host([theme="dark"]) .root { color-scheme: dark; }
[hidden] { display: none !important; }
* { box-sizing: border-box; }
h2, h3, h4, p, ul, ol, blockquote { margin: 0; padding: 0; font-size: inherit; }
ul, ol { list-style: none; }
button, textarea { margin: 0; font: inherit; color: inherit; letter-spacing: inherit; }
button {
  min-block-size: 28px; min-inline-size: 28px; padding: 3px 10px; border: 1px solid var(--rule); cursor: pointer;
  border-radius: calc(var(--radius) * 0.6); background-color: transparent;
}
button:hover { border-color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.heading:focus { outline: none; }
svg { display: block; inline-size: 20px; block-size: 20px; fill: none; stroke: currentcolor; stroke-width: 1.7; stroke-linecap: round; stroke-linejoin: round; }
.unseen { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.icon { display: inline-flex; align-items: center; justify-content: center; min-block-size: 36px; min-inline-size: 36px; padding: 0; border-color: transparent; color: var(--soft); }

.launcher {
  position: fixed; inset-block-end: calc(20px + env(safe-area-inset-bottom, 0px)); inset-inline-end: 20px; z-index: 2147483000;
  display: flex; align-items: center; gap: 8px; min-block-size: 48px; max-inline-size: calc(100vw - 40px); padding: 0 18px; border: 1px solid var(--accent);
  border-radius: 24px; background-color: var(--accent); color: var(--on-accent); font-weight: 600; box-shadow: 0 4px 16px rgb(0 0 0 / 22%);
}
.launcher:hover { filter: brightness(1.08); }
:host([corner="start"]) .launcher, :host([corner="start"]) dialog.panel { inset-inline: 20px auto; }
.panel { position: relative; flex-direction: column; overflow: hidden; border: 1px solid var(--rule); border-radius: var(--radius); background-color: var(--ground); color: var(--ink); }
section.panel { display: flex; block-size: var(--footnote-height, min(40em, 85vh)); min-block-size: 20em; }
dialog.panel {
  position: fixed; inset: auto; inset-block-end: calc(80px + env(safe-area-inset-bottom, 0px)); inset-inline-end: 20px; z-index: 2147483001; margin: 0; padding: 0;
  inline-size: 26em; max-inline-size: calc(100vw - 40px); block-size: 42em; max-block-size: calc(100vh - 100px); box-shadow: 0 12px 40px rgb(0 0 0 / 28%);
}
dialog.panel[open] { display: flex; animation: rise 0.16s ease-out; }
@keyframes rise { from { opacity: 0; transform: translateY(8px); } }
.head { display: flex; align-items: center; gap: 4px; padding-block: 8px; padding-inline: 16px 8px; border-block-end: 1px solid var(--rule); }
.head h2 { flex: 1; min-inline-size: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; font-weight: 650; }
.body { position: relative; display: flex; flex: 1; flex-direction: column; min-block-size: 0; container-type: inline-size; }
.talk { display: flex; flex: 1; flex-direction: column; min-block-size: 0; }
.log { position: relative; flex: 1; min-block-size: 0; overflow: hidden auto; overscroll-behavior: contain; overflow-wrap: anywhere; }
.log, .composer { padding-inline: 16px; }
.exchange, .opening { max-inline-size: 46em; }
.log:focus-visible, .around:focus-visible { outline-offset: -2px; }

.opening { display: grid; gap: 14px; padding-block: 20px; }
.opening .greeting { color: var(--soft); }
.suggested, .suggested ul { display: grid; gap: 8px; }
.suggested button { inline-size: 100%; min-block-size: 40px; padding: 8px 12px; border-color: var(--rule); text-align: start; color: var(--accent); }
h4, .minor { font-size: var(--small); font-weight: 600; color: var(--soft); }

.exchange { display: grid; gap: 12px; align-content: start; min-block-size: 100%; padding-block: 16px; }
.exchange + .exchange { border-block-start: 1px solid var(--rule); }
.exchange > *, .card > * { min-inline-size: 0; }
.question { font-size: 1.06em; font-weight: 650; line-height: 1.35; white-space: pre-wrap; }
.searched, .progress, .hint, .where, .context { font-size: var(--small); color: var(--soft); text-wrap: pretty; }
.answer { font-size: 1.03em; line-height: 1.75; }
.draft { color: var(--soft); }
.writing .answer::after { content: "▍"; color: var(--soft); animation: blink 1.1s steps(2) infinite; }
@keyframes blink { 50% { opacity: 0; } }
.mark {
  display: inline-flex; align-items: center; justify-content: center; min-block-size: 24px; min-inline-size: 24px; margin-inline-start: 3px; padding: 0 5px;
  border-color: var(--edge); border-radius: 12px; font-size: 0.76em; font-weight: 600; line-height: 1; vertical-align: 0.18em; color: var(--accent);
}
.opened { border-color: var(--accent); box-shadow: 0 0 0 1px var(--accent); }
.verdict { margin-inline-start: 4px; font-size: 0.8em; white-space: nowrap; }
.supported .verdict { color: var(--supported); }
.partly .verdict { color: var(--partly); }
.unsupported .verdict { color: var(--unsupported); }
.unsupported .words { text-decoration: underline dotted var(--unsupported); text-underline-offset: 0.25em; }
.notice { display: grid; gap: 6px; padding: 10px 12px; border-inline-start: 3px solid var(--edge); border-radius: 3px; background-color: var(--wash); font-size: 0.94em; }
.notice.refusal strong { font-weight: 650; }
.notice.failed { border-color: var(--unsupported); }
.notice.conflict { border-color: var(--partly); }
.notice button { justify-self: start; }
.notice ul { display: grid; gap: 6px; }
.notes, .quotes, .cards { display: grid; gap: 10px; }
.notes:empty, .quotes:empty { display: none; }
.card { position: relative; display: grid; gap: 4px; padding: 10px 12px; border: 1px solid var(--rule); border-radius: calc(var(--radius) * 0.6); background-color: var(--wash); }
.card:has(.number) { padding-inline-start: 38px; }
.number { position: absolute; inset-block-start: 11px; inset-inline-start: 12px; font-size: var(--small); font-weight: 650; color: var(--accent); }
blockquote { white-space: pre-wrap; font-size: 0.95em; }
mark { background-color: var(--mark); color: var(--mark-ink); }
cite { font-style: normal; font-weight: 600; }
.speaker, .warning { font-size: var(--small); }
.warning { color: var(--unsupported); }
.warning::before { content: "⚠ " / ""; }
.show { justify-self: start; font-size: var(--small); color: var(--accent); }
summary { min-block-size: 28px; font-size: var(--small); color: var(--soft); cursor: pointer; }
details > * + * { margin-block-start: 8px; }
.rating { display: grid; gap: 8px; font-size: var(--small); }
.thumbs, .row { display: flex; flex-wrap: wrap; align-items: center; gap: 4px; }
.thumbs span { margin-inline-end: 6px; color: var(--soft); }
[aria-pressed="true"] { border-color: var(--accent); color: var(--accent); background-color: color-mix(in srgb, var(--accent) 12%, var(--ground)); }
.down svg { transform: rotate(180deg); }
.wrong { display: grid; gap: 8px; padding: 12px; border: 1px solid var(--rule); border-radius: calc(var(--radius) * 0.6); }
.wrong label { display: grid; gap: 4px; }

.composer { display: grid; grid-template-columns: 1fr auto; gap: 6px 8px; padding-block: 12px calc(10px + env(safe-area-inset-bottom, 0px)); border-block-start: 1px solid var(--rule); }
textarea { inline-size: 100%; min-block-size: 40px; padding: 8px 12px; border: 1px solid var(--edge); border-radius: calc(var(--radius) * 0.6); background-color: var(--ground); resize: none; field-sizing: content; max-block-size: 9em; }
textarea::placeholder { color: var(--soft); opacity: 1; }
.go { min-block-size: 40px; align-self: end; padding: 0 16px; border-color: var(--accent); background-color: var(--accent); color: var(--on-accent); font-weight: 600; }
.go.stop { border-color: var(--unsupported); background-color: var(--ground); color: var(--unsupported); }
.composer .hint { grid-column: 1 / -1; font-size: 0.8em; }

.source { position: absolute; inset-block: 0; inset-inline-end: 0; display: flex; flex-direction: column; inline-size: 100%; background-color: var(--ground); overflow-wrap: anywhere; }
.source .top { display: flex; align-items: flex-start; gap: 8px; padding-block: 12px 10px; padding-inline: 8px 16px; border-block-end: 1px solid var(--rule); }
.source svg:dir(rtl) { transform: scaleX(-1); }
.source .top > div { flex: 1; min-inline-size: 0; }
.source .label { font-size: var(--small); font-weight: 600; color: var(--accent); }
.source h3 { font-weight: 650; line-height: 1.35; }
.quoted { display: grid; gap: 6px; max-block-size: 45%; padding: 12px 16px; overflow: auto; border-block-end: 1px solid var(--rule); background-color: var(--wash); }
.around { flex: 1; min-block-size: 0; padding: 12px 16px 24px; padding-inline-end: max(16px, 100% - 46em); overflow: auto; white-space: pre-wrap; font-size: 0.95em; line-height: 1.6; }
.source > h4 { padding: 10px 16px 0; }

/* A source covers the conversation, which is out of reach then, or stands beside it, and both can be used. */
@container (max-width: 55.99em) { .talk:has(~ .source:not([hidden])) { visibility: hidden; } }
@container (min-width: 56em) {
  .talk:has(~ .source:not([hidden])) { margin-inline-end: 34em; }
  .source { inline-size: 34em; border-inline-start: 1px solid var(--rule); }
}
@media (max-width: 480px) {
  dialog.panel, :host([corner="start"]) dialog.panel { inset: 0; inline-size: 100vw; max-inline-size: 100vw; block-size: 100dvh; max-block-size: 100dvh; border: 0; border-radius: 0; }
  textarea { font-size: max(16px, 1em); }
}
@media (prefers-reduced-motion: reduce) { * , .writing .answer::after { animation: none !important; } }
@media (forced-colors: active) { mark { forced-color-adjust: none; } .go, .launcher { border-width: 2px; } }
`;
  const sheet = new CSSStyleSheet();
  replaceSync(sheet, STYLES);
  const COLOURS = ["accent", "accent-text", "background", "text"];
  const PHONE = "(max-width: 480px)";
  const ICONS = {
    talk: "M4 5h16v11H10l-4 4v-4H4z",
    fresh: "M12 5v14M5 12h14",
    close: "M6 6l12 12M18 6L6 18",
    back: "M20 12H5M11 6l-6 6 6 6",
    thumb: "M7 11v9H4v-9zM7 11l4-8c2 0 3 1 2.5 3L13 9h6l-1.5 9c-.2 1-1 2-2 2H7",
  };

  // ---- the server -----------------------------------------------------------------------------------------------------
  /**
   * @typedef {{number: number, source: string, title: string, date: ?string, page: ?number, start: number, end: number,
   *   quote: string, context: string, speaker: string, warning: string, answer_start: ?number, answer_end: ?number}} Quote
   * @typedef {{text: string, citations: number[], support: "supported" | "partly" | "unsupported", problems: string[]}} Sentence
   * @typedef {{about: string, statements: {quote: number, value: string}[]}} Conflict
   * @typedef {{question: string, answer: string, abstained: boolean, reason: string, sentences: Sentence[], citations: Quote[],
   *   quotes: Quote[], dropped: Sentence[], conflicts: Conflict[], searched_for: string, fingerprint: object}} Answer
   * @typedef {{token: string, expires_in: number, texts?: object, colours?: object, questions?: string[]}} Session
   * @typedef {{embed: string, tokenUrl: string, server: string}} Settings
   */

  /** Something to tell the visitor: a sentence of the server, or else a key of the texts. */
  class Refusal extends Error {
    /** @param {{words?: string, key?: string, seconds?: number}} what */
    constructor({ words = "", key = "failed", seconds = 0 }) {
      super(words || key);
      this.words = words;
      this.key = key;
      this.seconds = seconds;
    }
  }

  /** What a problem of the server says (RFC 9457), or nothing. */
  const detail = (problem) => {
    const words = problem && (problem.detail || problem.error);
    return typeof words === "string" ? words : "";
  };

  /** The refusal that a response means. */
  async function refusalOf(response) {
    const words = detail(parsed(await textOf(response)));
    const busy = response.status === 429 || response.status === 503;
    const seconds = busy ? parseInt(header(response.headers, "Retry-After"), 10) : 0;
    return new Refusal({ words, key: busy ? "busy" : "failed", seconds: seconds > 0 ? seconds : 0 });
  }

  /**
   * Reads server-sent events, however their bytes are cut (https://html.spec.whatwg.org/multipage/server-sent-events.html).
   *
   * @param {(name: string, data: string) => void} handle gets each event when its empty line has come
   * @returns {(text: string) => void} takes the next piece of the stream
   */
  function eventParser(handle) {
    let rest = "";
    let name = "";
    let data = null;
    let afterReturn = false; // a line feed that comes now belongs to the carriage return before it
    const line = (text) => {
      const colon = indexOf(text, ":");
      const field = colon < 0 ? text : slice(text, 0, colon);
      const value = colon < 0 ? "" : slice(text, text[colon + 1] === " " ? colon + 2 : colon + 1);
      if (field === "event") name = value;
      if (field === "data") data = data === null ? value : `${data}\n${value}`;
      if (text !== "") return;
      if (data !== null) handle(name, data);
      name = "";
      data = null;
    };
    return (text) => {
      let from = 0;
      for (let index = 0; index < text.length; index += 1) {
        const end = text[index] === "\n" || text[index] === "\r";
        if (end && !(text[index] === "\n" && afterReturn)) {
          line(rest + slice(text, from, index));
          rest = "";
        }
        if (end) from = index + 1;
        afterReturn = text[index] === "\r";
      }
      rest += slice(text, from);
    };
  }

  /** The requests of one embed; the tokens never leave this function but in the header of a request. */
  function createClient(/** @type {Settings} */ { embed, tokenUrl, server }) {
    let token = "";
    let renewAt = 0;
    let renewal = null; // the exchange under way, which all that need a token wait for
    const own = { __proto__: null, mode: "cors", cache: "no-store", credentials: "omit", redirect: "error", referrerPolicy: "no-referrer" };

    async function hostToken() {
      const { href, origin } = new URL(tokenUrl, document.baseURI);
      // Our own server may mint the token as well, for whom its sign-on knows: only then its cookie is wanted. What is sent
      // there is called text, since a browser would ask before it sends JSON, and that question is answered without cookies.
      const own = origin === pageOrigin;
      const credentials = own ? "same-origin" : "include";
      const headers = { __proto__: null, "Content-Type": own ? "application/json" : "text/plain" };
      let status = "not at all";
      try {
        const response = await fetch(href, { __proto__: null, method: "POST", credentials, cache: "no-store", headers, body: json({ embed }) });
        const answer = parsed(await textOf(response));
        if (response.ok && answer && typeof answer.token === "string") return answer.token;
        status = `${response.status} without a token`;
      } catch {
        // a redirect to a page of another origin where people sign in ends here as well
      }
      warn(`Footnote: ${href} answered ${status}; it should answer {"token": "..."} (embed ${embed}).`);
      throw new Refusal({ key: "signed_out" });
    }

    /** @returns {Promise<Session>} */
    async function exchange() {
      const headers = { __proto__: null, Authorization: `Bearer ${await hostToken()}` };
      const response = await fetch(`${server}api/v1/embed/session`, { __proto__: null, ...own, method: "POST", headers });
      if (!response.ok) {
        const refusal = await refusalOf(response);
        warn(`Footnote: the token for the embed ${embed} was refused (${response.status}). ${refusal.words}`);
        throw refusal;
      }
      const session = parse(await textOf(response));
      token = session.token;
      const life = +session.expires_in || 600;
      renewAt = now() + 1000 * (life - min(60, life / 2));
      return session;
    }

    /** A valid token is there when this is done; the session when it was asked for. */
    async function renew() {
      renewal = renewal || exchange();
      try {
        return await renewal;
      } finally {
        renewal = null;
      }
    }

    async function request(path, { body, accept, signal }) {
      const send = async () => {
        const headers = { __proto__: null, Authorization: `Bearer ${token}`, Accept: accept || "application/json" };
        if (body) headers["Content-Type"] = "application/json";
        return await fetch(`${server}${path}`, { __proto__: null, ...own, method: body ? "POST" : "GET", headers, body, signal });
      };
      if (now() >= renewAt) await renew();
      let response = await send();
      if (response.status === 401) {
        await renew();
        response = await send();
      }
      if (!response.ok) throw await refusalOf(response);
      return response;
    }

    return {
      start: renew,

      /** Ask, and hand on each event as it comes; ends with the stream. */
      async ask(question, history, signal, handle) {
        const body = json({ question, history });
        const response = await request("api/v1/ask", { body, accept: "text/event-stream", signal });
        const feed = eventParser((name, data) => handle(name, parse(data)));
        const reader = readerOf(response.body);
        const decoder = new TextDecoder();
        for (;;) {
          const { done, value } = await read(reader);
          feed(done ? decode(decoder) : decode(decoder, value, { __proto__: null, stream: true }));
          if (done) return;
        }
      },

      /** The page of a source that holds a character offset. */
      async page(source, start) {
        const path = join(map(split(source, "/"), (part) => encodeURIComponent(part)), "/");
        return parse(await textOf(await request(`api/v1/sources/${path}/pages/at?start=${start}`, {})));
      },

      async rate(feedback) {
        await request("api/v1/feedback", { body: json(feedback) });
      },
    };
  }

  /** What keeps a widget from working, in a sentence for whoever writes the page; nothing when all is there. */
  function obstacle(/** @type {Settings} */ { embed, tokenUrl, server }) {
    if (pageOrigin === "null") return "this page has no origin of its own (a sandboxed frame without allow-same-origin, or a file), so nobody can be identified.";
    if (!embed) return "the embed's name is missing: set embed (data-embed on a script tag) to a name of `footnote embed list`.";
    if (!tokenUrl) return `token-url is missing for the embed ${embed} (data-token-url on a script tag): the address on this host that hands out tokens.`;
    try {
      const { origin } = new URL(tokenUrl, document.baseURI);
      if (origin === pageOrigin || origin === new URL(server).origin) return "";
    } catch {
      // said below
    }
    return `token-url (${tokenUrl}) has to be an address on this host, or on Footnote's server (${server}).`;
  }

  // ---- elements -------------------------------------------------------------------------------------------------------
  /** Append elements, and lists of them; what is nothing is left out. */
  const add = (parent, ...children) => {
    each(children, (child) => {
      if (isArray(child)) each(child, (one) => add(parent, one));
      else if (child) appendChild(parent, child);
    });
    return parent;
  };
  const set = (parent, ...children) => {
    replaceChildren(parent);
    return add(parent, children);
  };
  const make = (tag, className, text) => {
    const element = create(document, tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  };
  /** Words that are not ours: in a language, and so in a direction, that only they tell. */
  const foreign = (tag, className, text) => {
    const element = make(tag, className, text);
    element.dir = "auto";
    element.lang = "";
    return element;
  };
  const label = (element, text) => {
    setAttribute(element, "aria-label", text);
    return element;
  };
  const button = (className, text, act) => {
    const element = make("button", className, text);
    element.type = "button";
    listen(element, "click", act);
    return element;
  };
  const icon = (path) => {
    const svg = createNamed(document, "http://www.w3.org/2000/svg", "svg");
    const line = createNamed(document, "http://www.w3.org/2000/svg", "path");
    setAttribute(svg, "viewBox", "0 0 24 24");
    setAttribute(svg, "aria-hidden", "true");
    setAttribute(line, "d", path);
    return add(svg, line);
  };
  const disclosure = (summary, child) => add(make("details"), make("summary", "", summary), child);

  /** The index in a JavaScript string, which counts UTF-16 units, of an offset that counts code points. */
  const unitIndex = (text, points) => {
    let index = 0;
    for (let passed = 0; passed < points && index < text.length; passed += 1) {
      index += codePointAt(text, index) > 0xffff ? 2 : 1;
    }
    return index;
  };

  /** Put text into an element, marked between two offsets in code points. @returns {?HTMLElement} the mark */
  const marked = (element, text, start, end) => {
    const from = unitIndex(text, max(0, start));
    const to = unitIndex(text, max(0, end));
    element.textContent = slice(text, 0, from);
    if (from >= to) {
      element.textContent = text;
      return null;
    }
    const mark = make("mark", "", slice(text, from, to));
    add(element, mark, createText(document, slice(text, to)));
    return mark;
  };

  /** An ISO date as people write it in this language; anything else as it is. */
  const dateIn = (lang, iso) => {
    const parts = map(split(iso, "-"), (part) => +part);
    const options = { __proto__: null, year: "numeric", timeZone: "UTC" };
    if (parts.length > 1) options.month = "long";
    if (parts.length > 2) options.day = "numeric";
    try {
      return format(new DateTimeFormat(lang, options))(UTC(parts[0], (parts[1] || 1) - 1, parts[2] || 1));
    } catch {
      return iso; // no date, or no language
    }
  };

  // ---- quotes ---------------------------------------------------------------------------------------------------------
  /** @typedef {{client: ReturnType<typeof createClient>, t: (key: string, values?: object) => string, texts: typeof TEXTS,
   *    say: (words: string) => void, open: (quote: Quote, label: string, opener: HTMLElement) => void}} Room */

  const PLACES = ["title", "date", "page"];
  /** Where words stand, as plain text: title, date and page, as far as they are known. */
  const placeOf = (/** @type {Room} */ room, /** @type {Quote} */ quote, parts = PLACES) => {
    const known = {
      title: quote.title,
      date: quote.date && dateIn(room.texts.lang, quote.date),
      page: quote.page && room.t("page", { number: quote.page }),
    };
    return join(filter(map(parts, (part) => known[part]), (part) => part), " · ");
  };

  /** What a reader needs beside the words and is no part of them. */
  const above = (room, quote) => [
    quote.warning && foreign("p", "warning", quote.warning),
    quote.speaker &&
      foreign("p", "speaker", room.t("speaker", { speaker: upper(quote.speaker[0]) + slice(quote.speaker, 1), title: quote.title })),
    quote.context && add(make("p", "context", `${room.t("before")} `), foreign("span", "", quote.context)),
  ];
  const verbatim = (quote) => {
    const words = foreign("blockquote");
    const known = quote.answer_start !== null && quote.answer_start !== undefined;
    const whole = known && quote.answer_start === quote.start && quote.answer_end === quote.end;
    marked(words, quote.quote, known && !whole ? quote.answer_start - quote.start : 0, known && !whole ? quote.answer_end - quote.start : 0);
    return words;
  };
  const where = (room, quote) => {
    const rest = placeOf(room, quote, ["date", "page"]);
    return add(make("p", "where"), foreign("cite", "", quote.title), rest && make("span", "", ` · ${rest}`));
  };
  const shower = (room, quote, name) => {
    const show = button("show", room.t("show"), () => room.open(quote, name, show));
    return label(show, room.t("show_named", { label: name, place: placeOf(room, quote) }));
  };

  /** One quote: its number when a sentence points to it, the verbatim words, where they stand, and the way there. */
  const card = (room, quote, number) => {
    const name = number ? room.t("footnote", { number }) : room.t("quote");
    const item = make("li", "card");
    if (number) add(item, make("span", "number", number));
    return add(item, above(room, quote), verbatim(quote), where(room, quote), shower(room, quote, name));
  };
  /** @param {(quote: Quote) => number | string} numberOf */
  const cards = (room, quotes, numberOf) => add(make("ol", "cards"), map(quotes, (quote) => card(room, quote, numberOf(quote))));
  const unnumbered = () => "";

  /** What documents disagree on: each one's value with the document that states it, none of them taken for right. */
  const conflictNotice = (room, conflict, quotes) => {
    const notice = add(make("div", "notice conflict"), make("p", "", room.t("disagree", { about: conflict.about })));
    const list = make("ul");
    each(conflict.statements, ({ quote: number, value }) => {
      const quote = filter(quotes, (one) => one.number === number)[0];
      if (quote) add(list, add(make("li"), foreign("strong", "", value), where(room, quote), shower(room, quote, value)));
    });
    return list.children.length > 1 ? add(notice, list) : null;
  };

  // ---- one question with its answer -----------------------------------------------------------------------------------
  const NEAREST = 3; // quotes under a refusal
  const GLYPHS = { supported: "✓", partly: "◐", unsupported: "✗" };

  /**
   * @param {Room} room
   * @param {string} question
   * @param {() => void} again asks the same question once more
   */
  function createExchange(room, question, again) {
    const { t } = room;
    let draft = "";
    /** @type {Sentence[]} */
    const verified = [];
    /** @type {{key: string, made: HTMLElement}[]} */
    const drawn = [];
    /** @type {{[number: number]: Quote}} */
    const cited = { __proto__: null };
    const node = make("article", "exchange");
    const searched = foreign("p", "searched");
    const progress = make("p", "progress", t("searching"));
    const answer = foreign("p", "answer");
    const sentences = make("span");
    const unchecked = make("span", "draft");
    const notes = make("div", "notes");
    const evidence = make("div", "quotes");
    const end = make("div");
    searched.hidden = answer.hidden = true;
    setAttribute(node, "aria-busy", "true");
    add(node, foreign("h3", "question", question), searched, progress, add(answer, sentences, unchecked), notes, evidence, end);

    /** @type {Answer | null} */
    let record = null;
    const exchange = { node, question, running: true, record: () => record, handle, fail, stop };

    const footnoteMark = (number) => {
      const quote = cited[number];
      if (!quote) return make("span", "", ` [${number}]`);
      const name = t("footnote", { number });
      const mark = button("mark", number, () => room.open(quote, name, mark));
      return label(mark, `${name}: ${placeOf(room, quote)}`);
    };
    const drawSentence = (/** @type {Sentence} */ sentence) => {
      const { support } = sentence;
      const glyph = make("span", "", GLYPHS[support]);
      setAttribute(glyph, "aria-hidden", "true");
      const verdict = add(make("span", "verdict"), glyph, make("span", support === "supported" ? "unseen" : "", ` ${t(support)}`));
      const marks = map(sentence.citations, footnoteMark);
      return add(make("span", `sentence ${support}`), make("span", "words", sentence.text), marks, verdict, createText(document, " "));
    };
    /** Sentences that are drawn already stay as they are, since one of their footnotes may have the focus. */
    function drawSentences(/** @type {Sentence[]} */ list) {
      each(list, (sentence, index) => {
        const key = json(sentence);
        if (drawn[index] && drawn[index].key === key) return;
        const made = drawSentence(sentence);
        if (drawn[index]) replaceChild(sentences, made, drawn[index].made);
        else add(sentences, made);
        drawn[index] = { key, made };
      });
      for (; drawn.length > list.length; drawn.length -= 1) remove(drawn[drawn.length - 1].made);
    }

    const heading = (text, list, rest) => set(evidence, make("h4", "", text), list, rest);
    const know = (citations) => each(citations, (quote) => (cited[quote.number] = quote));
    const write = (words) => {
      draft = words;
      unchecked.textContent = words;
      const begun = drawn.length > 0 || trim(words) !== "";
      progress.hidden = begun;
      answer.hidden = !begun;
      node.className = begun ? "exchange writing" : "exchange";
    };

    /** One event of the stream. */
    function handle(name, data) {
      if (!exchange.running) return;
      if (name === "quotes") found(data);
      else if (name === "waiting") wait(data);
      else if (name === "token") write(draft + data.text);
      else if (name === "sentence") checked(data);
      else if (name === "answer") finish(data);
      else if (name === "error") throw new Refusal({ words: detail(data) });
    }
    function found(data) {
      const { quotes } = data;
      searchedFor(data.searched_for);
      progress.textContent = t("reading");
      if (quotes.length) heading(t("found"), cards(room, quotes, unnumbered));
      room.say(t("found_status", { count: quotes.length }));
    }
    const wait = (data) => {
      progress.textContent = t(data.place > 0 ? "queue" : "reading", data);
      room.say(progress.textContent);
    };
    const searchedFor = (words) => {
      searched.hidden = !words;
      searched.textContent = words ? t("searched_for", { question: words }) : "";
    };
    function checked({ sentence, citations }) {
      know(citations);
      push(verified, sentence);
      drawSentences(verified);
      const place = indexOf(draft, sentence.text);
      write(place < 0 ? "" : slice(draft, place + sentence.text.length));
    }

    function finish(/** @type {Answer} */ data) {
      record = data;
      know(data.citations);
      settle(data.sentences);
      searchedFor(data.searched_for);
      if (data.abstained) refuse(data);
      else drawEvidence(data);
      each(data.conflicts || [], (conflict) => add(notes, conflictNotice(room, conflict, data.quotes)));
      if (data.dropped.length) {
        const rows = map(data.dropped, (one) => add(make("li"), foreign("s", "", one.text), make("span", "", ` ${join(one.problems, " ")}`)));
        add(end, disclosure(t("dropped", { count: data.dropped.length }), add(make("ul"), rows)));
      }
      add(end, createRating(room, data));
      room.say(data.abstained ? t("refusal") : t("ready", { sentences: data.sentences.length, footnotes: data.citations.length }));
    }
    /** The end of writing, however it came. */
    function settle(list) {
      exchange.running = false;
      write("");
      drawSentences(list);
      progress.hidden = true;
      answer.hidden = list.length === 0;
      node.className = "exchange";
      setAttribute(node, "aria-busy", "false");
    }
    function refuse(data) {
      const notice = add(make("div", "notice refusal"), make("strong", "", t("refusal")), data.reason && foreign("p", "", data.reason));
      add(notes, notice);
      const nearest = map(filter(data.quotes, (_, index) => index < NEAREST), (quote) => ({ ...quote, answer_start: null }));
      if (nearest.length) heading(t("nearest"), cards(room, nearest, unnumbered));
      else set(evidence);
    }
    function drawEvidence(data) {
      if (data.reason) add(notes, add(make("div", "notice"), foreign("p", "", data.reason)));
      const problems = [];
      each(data.sentences, (sentence) => each(sentence.problems, (problem) => push(problems, foreign("li", "", `“${sentence.text}” ${problem}`))));
      if (problems.length) add(notes, add(make("div", "notice"), make("p", "", t("checks")), add(make("ul"), problems)));
      if (!data.citations.length) {
        if (data.quotes.length) heading(t("quotes_only"), cards(room, data.quotes, unnumbered));
        return;
      }
      const same = (a, b) => a.source === b.source && a.start === b.start && a.end === b.end;
      const others = filter(data.quotes, (quote) => !filter(data.citations, (one) => same(one, quote)).length);
      const rest = others.length && disclosure(t("others", { count: others.length }), cards(room, others, unnumbered));
      heading(t("footnotes"), cards(room, data.citations, (quote) => quote.number), rest);
    }

    /** Sentences that were checked stay; the draft, which nobody checked, goes. */
    function stop() {
      if (!exchange.running) return;
      settle(verified);
      add(notes, make("p", "notice", t("stopped")));
      room.say(t("stopped"));
    }
    function fail(/** @type {unknown} */ error) {
      if (!exchange.running) return;
      settle(verified);
      const words = wordsOf(room, error);
      add(notes, add(make("div", "notice failed"), foreign("p", "", words), button("again", t("again"), again)));
      room.say(words);
    }
    return exchange;
  }

  /** An error as a sentence for the visitor. */
  const wordsOf = ({ t }, error) => {
    if (error instanceof TypeError) return t("unreachable"); // what fetch throws when there is no connection
    if (!(error instanceof Refusal)) return t("failed");
    const words = error.words || t(error.key);
    const told = !error.seconds || indexOf(words, `${error.seconds}`) >= 0; // by the server's own sentence
    return told ? words : `${words} ${t("retry", { seconds: error.seconds })}`;
  };

  // ---- what a reader says of an answer --------------------------------------------------------------------------------
  function createRating(/** @type {Room} */ room, /** @type {Answer} */ answer) {
    const { t } = room;
    const wrong = { __proto__: null };
    const said = make("p");
    setAttribute(said, "role", "status");
    const form = make("div", "wrong");
    form.hidden = true;
    const comment = make("textarea");
    comment.rows = 2;
    comment.maxLength = 2000;
    const press = (control, on) => setAttribute(control, "aria-pressed", on ? "true" : "false");
    const thumb = (className, text, act) => {
      const control = add(button(`icon ${className}`, "", act), icon(ICONS.thumb), make("span", "unseen", text));
      press(control, false);
      return control;
    };
    const up = thumb("up", t("right"), () => send("up"));
    const down = thumb("down", t("wrong"), () => expand(form.hidden));
    const toggles = map(answer.citations, ({ number }) => {
      const toggle = label(button("", number, () => press(toggle, (wrong[number] = !wrong[number]))), t("footnote", { number }));
      press(toggle, false);
      return toggle;
    });
    const expand = (open) => {
      form.hidden = !open;
      setAttribute(down, "aria-expanded", open ? "true" : "false");
      focus(open ? toggles[0] || comment : down);
    };
    const group = (element, words) => {
      setAttribute(element, "role", "group");
      return label(add(element, make("span", "", words)), words);
    };
    const which = toggles.length && add(group(make("div", "row"), t("which")), toggles);
    setAttribute(down, "aria-expanded", "false");
    add(form, which, add(make("label", "", t("comment")), comment));
    add(form, add(make("div", "row"), button("", t("send"), () => send("down")), button("", t("cancel"), () => expand(false))));

    let sending = false;
    async function send(rating) {
      if (sending) return;
      sending = true;
      said.textContent = t("sending");
      const { question, fingerprint } = answer;
      const citations = map(answer.citations, ({ source, page, start, end, quote }) => ({ source, page, start, end, quote }));
      // Footnote n of the feedback is the n-th citation, whatever its number is.
      const places = filter(map(answer.citations, ({ number }, index) => wrong[number] && index + 1), (place) => place);
      const complaint = rating === "down" ? { wrong_citations: places, comment: comment.value } : {};
      try {
        await room.client.rate({ question, answer: answer.answer, rating, citations, fingerprint, ...complaint });
        said.textContent = t("thanks");
        press(up, rating === "up");
        press(down, rating === "down");
        if (!form.hidden) expand(false);
      } catch (error) {
        said.textContent = error instanceof Refusal && error.words ? wordsOf(room, error) : t("unrecorded");
      }
      sending = false;
    }
    return add(make("div", "rating"), add(group(make("div", "thumbs"), t("rating")), up, down), form, said);
  }

  // ---- the quoted words in their document -----------------------------------------------------------------------------
  /** @param {Room} room @param {() => HTMLElement} fallback gets the focus when the opener is gone */
  function createSource(room, fallback) {
    const { t } = room;
    let opener = null;
    let newest = 0; // an older page that comes in late is dropped
    const node = make("section", "source");
    const name = make("p", "label");
    const title = foreign("h3", "heading");
    const place = make("p", "where");
    const quoted = make("div", "quoted");
    const heading = make("h4");
    const around = foreign("div", "around");
    title.id = "source-title";
    title.tabIndex = -1;
    quoted.tabIndex = around.tabIndex = 0;
    setAttribute(node, "role", "dialog");
    setAttribute(node, "aria-labelledby", title.id);
    setAttribute(around, "role", "region");
    setAttribute(quoted, "role", "region");
    const back = add(button("icon", "", () => close()), icon(ICONS.back));
    add(node, add(make("div", "top"), back, add(make("div"), name, title, place)), quoted, heading, around);
    node.hidden = true;

    const sign = (on) => opener && (opener.className = on ? `${opener.className} opened` : split(opener.className, " ")[0]);
    async function open(/** @type {Quote} */ quote, /** @type {string} */ words, /** @type {HTMLElement} */ by) {
      const mine = (newest += 1);
      sign(false); // of another source, from which one can come where both stand side by side
      opener = by;
      sign(true);
      label(back, t("close_source"));
      label(around, t("around"));
      label(quoted, t("quote"));
      heading.textContent = t("around");
      name.textContent = words;
      title.textContent = quote.title;
      place.textContent = placeOf(room, quote, ["date", "page"]);
      set(quoted, above(room, quote), verbatim(quote));
      around.textContent = t("loading");
      node.hidden = false;
      focus(title);
      let page = null;
      try {
        page = await room.client.page(quote.source, quote.start);
      } catch (error) {
        if (mine === newest) around.textContent = `${t("unopened")} ${error instanceof Refusal ? error.words : ""}`;
        return;
      }
      if (mine !== newest) return;
      const unit = t(page.is_page ? "page_of" : "section_of", { number: page.number, count: page.count });
      if (page.count > 1) place.textContent = join(filter([placeOf(room, quote, ["date"]), unit], (part) => part), " · ");
      const mark = marked(around, page.text, quote.start - page.start, quote.end - page.start);
      // Only this box scrolls: scrollIntoView would move the page around the widget as well.
      around.scrollTop = mark ? max(0, mark.offsetTop - around.offsetTop - around.clientHeight / 3) : 0;
    }
    function close() {
      if (node.hidden) return;
      newest += 1;
      node.hidden = true;
      sign(false);
      focus(opener && opener.isConnected ? opener : fallback());
    }
    return { node, open, close, isOpen: () => !node.hidden };
  }

  // ---- the widget -----------------------------------------------------------------------------------------------------
  const TURNS = 6; // of the conversation that go with a question

  /**
   * @param {ShadowRoot} shadow
   * @param {Settings & {inline: boolean}} settings
   */
  function createWidget(shadow, settings) {
    const { inline } = settings;
    const texts = { __proto__: null, ...TEXTS };
    const layers = { embed: {}, attribute: {}, property: {} };
    const t = (key, values = {}) => fill(texts[key], values);
    const client = createClient(settings);
    /** @type {(() => void)[]} */
    const redraw = []; // what is said once and stays: said again when the texts change
    const worded = (element, key, put = (words) => (element.textContent = words)) => {
      push(redraw, () => put(t(key)));
      return element;
    };
    const named = (element, key) => worded(element, key, (words) => label(element, words));

    let begun = false;
    let exchanges = [];
    /** @type {?AbortController} */
    let running = null;

    const root = make("div", "root");
    const panel = make(inline ? "section" : "dialog", "panel");
    const title = make("h2");
    const fresh = named(add(button("icon", "", restart), icon(ICONS.fresh)), "new_conversation");
    const shut = named(add(button("icon", "", close), icon(ICONS.close)), "close");
    const log = named(make("div", "log"), "conversation");
    const opening = make("div", "opening");
    const greeting = worded(foreign("p", "greeting"), "greeting");
    const trouble = make("div", "notice failed");
    const suggested = make("div", "suggested");
    const status = make("p", "unseen");
    const input = worded(named(make("textarea"), "placeholder"), "placeholder", (words) => (input.placeholder = words));
    const go = worded(button("go", "", submit), "ask");
    const halt = worded(button("go stop", "", stop), "stop");
    const composer = add(make("div", "composer"), input, go, halt, worded(make("p", "hint"), "hint"));
    const talk = add(make("div", "talk"), add(log, add(opening, greeting, trouble, suggested)), composer);
    const launcher = add(button("launcher", "", toggle), icon(ICONS.talk), worded(make("span"), "launcher"));

    const say = (words) => (status.textContent = words);
    /** @type {Room} */
    const room = { client, t, texts, say, open: (quote, words, opener) => void source.open(quote, words, opener) };
    const source = createSource(room, () => input);

    if (!inline) setAttribute(root, "role", "region"); // as a section with a name is one
    setAttribute(log, "role", "log");
    setAttribute(log, "aria-live", "off"); // the status says what happens, in sentences and not in tokens
    setAttribute(status, "role", "status");
    setAttribute(launcher, "aria-expanded", "false");
    log.tabIndex = 0;
    input.rows = 1;
    input.maxLength = 4000;
    input.autocomplete = "off";
    trouble.hidden = suggested.hidden = fresh.hidden = halt.hidden = true;
    add(panel, add(make("div", "head"), title, fresh, inline ? null : shut), add(make("div", "body"), talk, source.node), status);
    add(root, panel, inline ? null : launcher);
    add(shadow, root);
    shadow.adoptedStyleSheets = [sheet];

    function word() {
      each([layers.embed, layers.attribute, layers.property], (layer) =>
        each(keys(TEXTS), (key) => typeof layer[key] === "string" && (texts[key] = layer[key])),
      );
      each(redraw, (one) => one());
      const heading = t("title");
      root.lang = texts.lang;
      title.textContent = heading;
      label(panel, heading);
      if (!inline) label(root, heading);
    }
    /** @param {keyof typeof layers} layer */
    function setTexts(layer, values) {
      layers[layer] = values && typeof values === "object" ? values : {};
      each(keys(TEXTS), (key) => (texts[key] = TEXTS[key]));
      word();
    }

    // -- identity, once somebody wants to ask
    async function begin() {
      if (begun) return;
      begun = true;
      trouble.hidden = true;
      const reason = obstacle(settings);
      if (reason) {
        warn(`Footnote: ${reason}`);
        composer.hidden = true;
        complain(t("not_set_up"));
        return;
      }
      try {
        dress(await client.start());
      } catch (error) {
        begun = false;
        complain(wordsOf(room, error), button("", t("again"), again));
      }
    }
    function again() {
      focus(input); // before the button that was pressed is gone
      void begin();
    }
    function complain(words, remedy) {
      set(trouble, foreign("p", "", words), remedy);
      trouble.hidden = false;
      say(words);
    }
    /** What the embed's settings say of words, colours and questions. */
    function dress(/** @type {Session} */ session) {
      setTexts("embed", session.texts);
      each(COLOURS, (part) => {
        const colour = session.colours && session.colours[part];
        if (typeof colour === "string" && supports("color", colour)) setProperty(root.style, `--footnote-embed-${part}`, colour);
      });
      const questions = filter(isArray(session.questions) ? session.questions : [], (one) => typeof one === "string");
      suggested.hidden = !questions.length;
      const list = map(questions, (question) => add(make("li"), add(button("", "", () => pick(question)), foreign("span", "", question))));
      set(suggested, make("h3", "minor", t("suggestions")), add(make("ul"), list));
    }

    // -- asking
    function pick(question) {
      focus(log); // the suggestions go; the question's own field would bring up a phone's keyboard
      void ask(question);
    }
    function submit() {
      const question = trim(input.value);
      if (running) say(t("still_writing"));
      else if (question) {
        input.value = "";
        ask(question);
      }
      focus(input);
    }
    async function ask(question) {
      if (running) return;
      const controller = (running = new AbortController());
      const exchange = createExchange(room, question, () => void ask(question));
      const history = turns();
      push(exchanges, exchange);
      opening.hidden = true;
      fresh.hidden = go.hidden = false;
      swap(go, halt);
      add(log, exchange.node);
      log.scrollTop = exchange.node.offsetTop;
      say(t("searching"));
      const over = () => {
        if (running !== controller) return;
        running = null;
        swap(halt, go);
      };
      try {
        await client.ask(question, history, controller.signal, (name, data) => {
          exchange.handle(name, data);
          if (!exchange.running) over(); // the stream may end a little after the answer, and nobody need wait for that
        });
        exchange.fail(new Refusal({ key: "cut" })); // unless the answer is there
      } catch (error) {
        if (controller.signal.aborted) exchange.stop();
        else exchange.fail(error);
        abort(controller); // nothing more is read
      }
      over();
    }
    /** One of two buttons in the same place; the focus stays there, or goes to the question. */
    function swap(gone, shown) {
      const focused = shadow.activeElement === gone;
      shown.hidden = false;
      gone.hidden = true;
      if (focused) focus(input);
    }
    const turns = () => {
      const told = filter(exchanges, (one) => one.record());
      const last = filter(told, (_, index) => index >= told.length - TURNS);
      return map(last, (one) => ({ question: one.question, answer: one.record().answer }));
    };
    function stop() {
      if (!running) return;
      const controller = running;
      running = null;
      abort(controller);
      each(exchanges, (exchange) => exchange.stop());
      swap(halt, go);
    }
    function restart() {
      stop();
      source.close();
      each(exchanges, (exchange) => remove(exchange.node));
      exchanges = [];
      opening.hidden = false;
      fresh.hidden = true;
      say("");
      focus(input);
    }

    // -- opening and closing
    const isOpen = () => inline || panel.open;
    function open() {
      if (isOpen()) return;
      if (matches(PHONE).matches) showModal(panel); // a sheet over everything: what lies behind it is out of reach
      else show(panel);
      setAttribute(launcher, "aria-expanded", "true");
      focus(input);
      void begin();
    }
    function close() {
      if (inline || !panel.open) return;
      source.close();
      closeDialog(panel);
    }
    function toggle() {
      if (panel.open) close();
      else open();
    }
    function escape() {
      if (source.isOpen()) source.close();
      else close();
    }
    if (!inline) {
      listen(panel, "cancel", (event) => {
        event.preventDefault();
        escape();
      });
      listen(panel, "close", () => {
        setAttribute(launcher, "aria-expanded", "false");
        if (document.activeElement === document.body) focus(launcher); // a button that was clicked had no focus in Safari
      });
    }
    listen(root, "keydown", (event) => {
      if (event.key !== "Escape" || event.isComposing || (inline && !source.isOpen()) || !isOpen()) return;
      event.preventDefault();
      event.stopPropagation();
      escape();
    });
    listen(input, "keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      submit();
    });
    // What is typed here is no shortcut of the page, which can't see that it is typed into a field.
    const typed = (event) => event.target.localName === "textarea" && event.stopPropagation();
    each(["keydown", "keypress", "keyup"], (type) => listen(root, type, typed));

    word();
    return { open, close, stop, setTexts, begin };
  }

  // ---- the element and the script tag -----------------------------------------------------------------------------------
  const NAME = "footnote-widget";
  const script = document.currentScript;
  const folder = (address) => slice(address, 0, lastIndexOf(address, "/") + 1);
  const home = script && script.src ? folder(split(split(script.src, "#")[0], "?")[0]) : "";

  class FootnoteWidget extends HTMLElement {
    /** @type {?ReturnType<typeof createWidget>} */
    #widget = null;
    #texts = {};

    connectedCallback() {
      if (this.#widget) return; // it was moved
      const server = getAttribute(this, "server") || home;
      const settings = {
        embed: getAttribute(this, "embed") || "",
        tokenUrl: getAttribute(this, "token-url") || "",
        server: slice(server, -1) === "/" ? server : `${server}/`,
        inline: getAttribute(this, "mode") === "inline",
      };
      this.#widget = createWidget(attachShadow(this, { __proto__: null, mode: "open" }), settings);
      const given = getAttribute(this, "texts");
      if (given && parsed(given) === null) warn(`Footnote: the attribute texts is not JSON (embed ${settings.embed}).`);
      this.#widget.setTexts("attribute", given ? parsed(given) : {});
      if (apply(Object.prototype.hasOwnProperty, this, ["texts"])) this.#adopt();
      this.#widget.setTexts("property", this.#texts);
      if (settings.inline) void this.#widget.begin();
    }

    /** A property that was set before the element was defined. */
    #adopt() {
      this.#texts = this.texts;
      delete this.texts;
    }

    disconnectedCallback() {
      if (!this.isConnected && this.#widget) this.#widget.stop();
    }

    /** Words that replace ours, by the names of the table of texts. */
    get texts() {
      return this.#texts;
    }

    set texts(values) {
      this.#texts = values;
      if (this.#widget) this.#widget.setTexts("property", values);
    }

    /** Opens the panel of a launcher. */
    open() {
      if (this.#widget) this.#widget.open();
    }

    /** Closes it, as Escape does. */
    close() {
      if (this.#widget) this.#widget.close();
    }
  }

  if (!elements.get(NAME)) elements.define(NAME, FootnoteWidget);

  const TAG = ["embed", "token-url", "server", "mode", "theme", "corner", "texts", "dir"];
  /** The launcher of a script tag; a second tag for the same embed makes no second one. */
  function launch() {
    const embed = getAttribute(script, "data-embed");
    const there = filter(byTag(document, NAME), (one) => getAttribute(one, "embed") === embed && getAttribute(one, "mode") !== "inline");
    if (there.length) return;
    const element = create(document, NAME);
    each(TAG, (attribute) => {
      const value = getAttribute(script, `data-${attribute}`);
      if (value !== null) setAttribute(element, attribute, value);
    });
    if (!getAttribute(element, "server")) setAttribute(element, "server", home);
    appendChild(document.body, element);
  }
  if (script && getAttribute(script, "data-embed") !== null) {
    if (document.body) launch();
    else listen(document, "DOMContentLoaded", launch);
  }
})();

/* Liveness and keys for pages that work without them.

   What is new is asked for as the page it is on, and only what has an id and
   data-live is put in its place: the server alone decides what is shown. */
(() => {
  "use strict";

  const body = document.body;
  const find = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  /* The clock of the engine, not that of this machine. */
  const skew = Number(body.dataset.now) * 1000 - Date.now();
  const now = () => Date.now() + skew;

  /* Times, in the words of words.py */
  const UNITS = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];

  function whole(seconds) {
    for (let place = 0; place < 3; place++) {
      const [length, unit] = UNITS[place];
      if (seconds >= length) {
        const many = Math.floor(seconds / length);
        const few = Math.floor((seconds % length) / UNITS[place + 1][0]);
        return few ? `${many} ${unit} ${few} ${UNITS[place + 1][1]}` : `${many} ${unit}`;
      }
    }
    return `${seconds} s`;
  }

  function coarse(seconds) {
    if (seconds >= 30 * 86400) return `${Math.round(seconds / 86400)} d`;
    if (seconds >= 2 * 86400) return whole(seconds - (seconds % 3600));
    if (seconds >= 600) return whole(seconds - (seconds % 60));
    return whole(seconds);
  }

  function ago(instant) {
    const seconds = Math.round((instant - now()) / 1000);
    if (seconds === 0) return "now";
    const words = coarse(Math.abs(seconds));
    return seconds > 0 ? `in ${words}` : `${words} ago`;
  }

  const put = (element, words) => {
    if (element.textContent !== words) element.textContent = words;
  };

  function tick() {
    if (document.hidden) return;
    for (const one of all("time[datetime]")) put(one, ago(Date.parse(one.dateTime)));
    for (const one of all("[data-since]"))
      put(one, whole(Math.max(Math.round((now() - Date.parse(one.dataset.since)) / 1000), 0)));
    sayLost();
  }

  /* What has changed is put in its place */
  let pointer = null;
  let asking = false;
  let stale = false;
  let seen = now();

  document.addEventListener("pointermove", (event) => { pointer = event; }, { passive: true });
  document.addEventListener("pointerleave", () => { pointer = null; });

  const inUse = (element) => element.contains(document.activeElement) && document.activeElement !== body;
  const bare = (element) => element.innerHTML.replace(/(<time[^>]*>|data-since="[^"]*">)[^<]*/g, "$1");
  const under = () => pointer && document.elementFromPoint(pointer.clientX, pointer.clientY);

  function replace(mine, theirs) {
    if (bare(mine) === bare(theirs)) return;
    mine.className = theirs.className;
    mine.replaceChildren(...theirs.childNodes);
  }

  function mergeRows(mine, theirs) {
    const fresh = [];
    const chosen = (row) => { const box = find("input[type=checkbox]", row); return box && box.checked; };
    for (const row of [...theirs.children]) {
      const known = document.getElementById(row.id);
      if (!known) fresh.push(row);
      else if (bare(known) !== bare(row) && !inUse(known)) {
        const kept = chosen(known);
        known.replaceChildren(...row.childNodes);
        if (kept) find("input[type=checkbox]", known).checked = true;
      }
    }
    offer(mine, fresh);
  }

  function offer(rows, fresh) {
    const table = rows.closest("table");
    const holder = table.parentNode;
    const old = find(".fresh", holder);
    if (old) old.remove();
    if (!fresh.length) return;
    const line = document.createElement("p");
    line.className = "fresh";
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = `${fresh.length} new`;
    button.addEventListener("click", () => {
      line.remove();
      const most = Math.max(rows.children.length, 50);
      rows.prepend(...fresh);
      while (rows.children.length > most) rows.lastElementChild.remove();
      const link = find("a.row", fresh[0]);
      if (link) link.focus();
    });
    line.append(button);
    holder.prepend(line);
  }

  function merge(page) {
    /* Output that has begun or ended is another page. */
    if (Boolean(find("[data-output]")) !== Boolean(find("[data-output]", page))) { swapMain(page); return; }
    const held = under();
    const before = held && held.getBoundingClientRect().top;
    for (const theirs of all("[id][data-live]", page)) {
      const mine = document.getElementById(theirs.id);
      if (mine && mine.hasAttribute("data-live") && !inUse(mine)) replace(mine, document.adoptNode(theirs));
    }
    for (const theirs of all("tbody[id][data-live-rows]", page)) {
      const mine = document.getElementById(theirs.id);
      if (mine) mergeRows(mine, document.adoptNode(theirs));
    }
    if (held && held.isConnected) window.scrollBy(0, held.getBoundingClientRect().top - before);
    tick();
  }

  /* At most a tenth of the time goes into asking. */
  async function refresh() {
    if (asking || document.hidden) { stale = true; return; }
    asking = true;
    stale = false;
    const began = performance.now();
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
      if (answer.ok) {
        merge(new DOMParser().parseFromString(await answer.text(), "text/html"));
        seen = now();
      }
    } catch { /* the stream of events tells that the engine is away */ }
    const took = performance.now() - began;
    setTimeout(() => { asking = false; if (stale) refresh(); }, Math.max(1000, took * 10));
  }

  /* The stream of events */
  const mine = body.dataset.liveJobs;
  let lost = null;
  let heard = null;
  const LONGEST_SILENCE = 40000;

  function sayLost() {
    if (lost === null && heard !== null && now() - heard > LONGEST_SILENCE) lost = heard;
    const line = document.getElementById("lost");
    line.hidden = lost === null;
    if (lost === null) return;
    const clock = new Date(seen - skew).toLocaleTimeString([], { hour12: false });
const since = Math.round((now() - lost) / 1000);
    put(line, `Lost the engine ${since < 1 ? "just now" : `${whole(since)} ago`}; what you see is from ${clock}.`);
  }

  function listen() {
    if (mine === "none") return;
    const events = new EventSource("/events");
    let opened = false;
    events.addEventListener("open", () => {
      if (opened || lost !== null) refresh();
      opened = true;
      lost = null;
      heard = now();
      sayLost();
    });
    events.addEventListener("changed", (event) => {
      const jobs = JSON.parse(event.data).jobs;
      heard = now();
      if (mine === "all" || jobs === null || jobs.includes(mine)) refresh();
    });
    events.addEventListener("alive", () => { heard = now(); refresh(); });
    events.addEventListener("error", () => {
      if (lost === null) lost = now();
      sayLost();
      if (events.readyState === EventSource.CLOSED) setTimeout(listen, 5000);
    });
    window.addEventListener("pagehide", () => events.close());
  }
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { tick(); if (stale) refresh(); } });

  /* What a running job says */
  const MOST_OUTPUT = 1 << 20;

  async function follow(output) {
    const decoder = new TextDecoder();
    try {
      const answer = await fetch(output.dataset.output, { cache: "no-store" });
      if (!answer.ok || !answer.body) return;
      const reader = answer.body.getReader();
      output.textContent = "";
      for (let length = 0; length < MOST_OUTPUT;) {
        const { done, value } = await reader.read();
        if (done) break;
        length += value.length;
        const atEnd = output.scrollHeight - output.scrollTop - output.clientHeight < 40;
        output.append(decoder.decode(value, { stream: true }));
        if (atEnd) output.scrollTop = output.scrollHeight;
      }
      reader.cancel();
    } catch { return; }
    /* The result is on disk a moment later, of which an event tells too. */
    setTimeout(refresh, 500);
  }

  function swapMain(page) {
    find("main").replaceWith(document.adoptNode(find("main", page)));
    document.title = page.title;
    prepare();
    tick();
  }

  /* The instants a text means, while it is typed */
  function watchTime(form) {
    const place = find("#means", form);
    const part = (name) => (form.elements[name] ? form.elements[name].value : "");
    let timer = 0;
    let turn = 0;
    const ask = async () => {
      const said = new URLSearchParams({ syntax: part("syntax"), time: part("time"), tz: part("tz") });
      const mineNow = ++turn;
      const answer = await fetch(`/instants?${said}`).catch(() => null);
      if (!answer || !answer.ok || mineNow !== turn) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      place.replaceChildren(...find("#means", page).childNodes);
    };
    form.addEventListener("input", (event) => {
      if (!["syntax", "time", "tz"].includes(event.target.name)) return;
      clearTimeout(timer);
      timer = setTimeout(ask, 150);
    });
  }

  /* Buttons */
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.confirm && !window.confirm(button.dataset.confirm)) event.preventDefault();
    if (button.dataset.copy) copy(button);
  });

  async function copy(button) {
    const words = button.textContent;
    try {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Select it below";
      document.getElementById(button.dataset.copy).closest("details").open = true;
    }
    setTimeout(() => { button.textContent = words; }, 2000);
  }

  function choices() {
    const boxes = all("input[name=job]");
    const line = document.getElementById("chosen");
    const bulk = document.getElementById("bulk");
    if (!line || !bulk) return;
    const every = find("[data-all]");
    const count = () => {
      const chosen = all("input[name=job]:checked").length;
      put(line, chosen ? `With the ${chosen} selected:` : "With those selected:");
      for (const button of all("button[name=do]")) button.disabled = !chosen;
    };
    if (every) every.addEventListener("change", () => { for (const box of all("input[name=job]")) box.checked = every.checked; });
    bulk.addEventListener("change", count);
    if (boxes.length) count();
  }

  /* Keys */
  const typing = (element) => element.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");

  function move(step) {
    const links = all("a.row").filter((link) => link.offsetParent);
    const place = links.findIndex((link) => link.closest("tr").contains(document.activeElement));
    const next = links[place < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(Math.max(place + step, 0), links.length - 1)];
    if (next) next.focus();
  }

  const KEYS = {
    "/": () => { const box = document.getElementById("q"); box.focus(); box.select(); },
    n: () => { location.href = "/jobs/new"; },
    g: () => { location.href = "/"; },
    j: () => move(1),
    k: () => move(-1),
    x: () => {
      const row = document.activeElement.closest("tr");
      const box = row && find("input[type=checkbox]", row);
      if (box) box.click();
    },
    "?": () => document.getElementById("keys").showModal(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (typing(event.target)) { if (event.key === "Escape") event.target.blur(); return; }
    if (find("dialog[open]") || !Object.hasOwn(KEYS, event.key)) return;
    event.preventDefault();
    KEYS[event.key]();
  });

  function prepare() {
    for (const one of all("[data-copy], .keys")) one.hidden = false;
    for (const one of all("[data-output]")) follow(one);
    for (const one of all("form[data-time]")) watchTime(one);
    choices();
  }

  prepare();
  listen();
  tick();
  setInterval(tick, 1000);
})();

"use strict";
// What the pages cannot do by themselves: keys, the event stream, a warning before typed text is lost. Without this
// script everything but the official's link and the live parts still works.
(() => {
  const base = document.body.dataset.base;
  const told = document.getElementById("told");
  const form = document.querySelector("form.card");
  let typed = false;

  if (form) {
    form.addEventListener("input", () => { typed = true; });
    form.addEventListener("submit", () => { typed = false; });
    window.addEventListener("beforeunload", (event) => { if (typed) event.preventDefault(); });
    const missing = document.querySelector(".error a[href^='#']");
    if (missing) document.getElementById(missing.hash.slice(1))?.focus();
    else if (form.dataset.state === "new") document.getElementById("contact_name").focus();
  }

  document.addEventListener("keydown", (event) => {
    const inField = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
    if (event.key === "/" && !inField) {
      event.preventDefault();
      document.querySelector("[data-search]")?.focus();
    } else if (event.ctrlKey && event.key === "Enter" && form) {
      event.preventDefault();
      form.querySelector("button.main")?.click();
    } else if ((event.ctrlKey || event.metaKey) && event.code === "KeyS" && form) {
      event.preventDefault();
      form.querySelector("[data-save]")?.click();
    }
  });

  const say = (text, href) => {
    const line = document.createElement(href ? "a" : "span");
    line.textContent = text;
    if (href) line.href = href;
    told.replaceChildren(line);
  };

  // Parts of the page that are sent and drawn again by themselves: the page stays, and what is typed into it.
  const draw = (part, html) => {
    const held = part.contains(document.activeElement) ? document.activeElement : null;
    const chosen = [...part.querySelectorAll("select")].map((choice) => [choice.name, choice.value]);
    const place = document.createComment("");
    part.before(place);
    if (part.id) part.innerHTML = html;
    else part.outerHTML = html;
    const drawn = place.nextElementSibling;
    place.remove();
    for (const [name, value] of chosen) {
      const choice = drawn.querySelector(`select[name="${name}"]`);
      if (choice && [...choice.options].some((option) => option.value === value)) choice.value = value;
    }
    const same = held?.name && drawn.querySelectorAll(`[name="${held.name}"]`);
    if (same) ([...same].find((one) => one.value === held.value) ?? same[0])?.focus();
  };
  // One after the other: what was asked for earlier is never drawn over what was asked for later.
  let turn = Promise.resolve();
  const redraw = (part, address, options = {}, still = () => true) => {
    turn = turn.then(async () => {
      try {
        const answer = await fetch(address, { ...options, headers: { "x-desk-inline": "1" } });
        const text = await answer.text();
        if (!answer.headers.get("x-desk-part")) location.reload();
        else if (part.isConnected && still()) draw(part, text);
      } catch {
        say(told.dataset.away);
      }
    });
    return turn;
  };
  document.addEventListener("submit", async (event) => {
    const part = event.target.closest("[data-part]");
    if (!part || !("inline" in event.target.dataset)) return;
    event.preventDefault();
    const fields = new URLSearchParams(new FormData(event.target, event.submitter));
    await redraw(part, event.target.action, { method: "POST", body: fields });
  });
  // A contact of a call list is drawn again when something happens at the telephone, unless somebody is writing in it.
  document.addEventListener("input", (event) => { event.target.closest("[data-contact]")?.setAttribute("data-typed", ""); });
  const freshContact = () => {
    const contact = document.querySelector("[data-contact]");
    const still = () => !("typed" in contact.dataset) && !contact.contains(document.activeElement);
    if (contact && still()) redraw(contact, `${base}/contacts/${contact.dataset.contact}`, {}, still);
  };
  const phone = document.getElementById("phone");
  const freshPhone = () => {
    const still = () => !(phone.contains(document.activeElement) && document.activeElement.tagName === "INPUT");
    if (phone && still()) redraw(phone, `${base}/phone`, {}, still);
  };

  // The secret of an official's link stands behind the #, where no server log sees it; it goes on in the form's body.
  const link = document.querySelector("form[data-link]");
  if (link && location.hash.length > 1) {
    link.elements.secret.value = location.hash.slice(1);
    history.replaceState(null, "", location.pathname);
    link.submit();
  }

  if ("live" in document.body.dataset) {
    const events = new EventSource(`${base}/events`);
    events.addEventListener("open", () => { document.body.dataset.events = ""; });
    window.addEventListener("pagehide", () => events.close());
    const go = (path) => { location.href = base + path; };
    const fresh = () => { if (!form && !/^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName)) location.reload(); };
    events.addEventListener("call", (event) => {
      const { card, number } = JSON.parse(event.data);
      if (typed) say(`☎ ${number}`, `${base}/cards/${card}`);
      else go(`/cards/${card}`);
    });
    events.addEventListener("state", () => { freshPhone(); freshContact(); });
    events.addEventListener("reload", fresh);
    events.addEventListener("alarm", (event) => {
      const { card, number } = JSON.parse(event.data);
      say(`⏰ ${number}`, `${base}/cards/${card}`);
    });
  }

  const wall = document.querySelector("[data-wallboard]");
  if (wall) {
    const lines = new EventSource(`${base}/wallboard/events`);
    window.addEventListener("pagehide", () => lines.close());
    lines.addEventListener("lines", (event) => {
      wall.innerHTML = event.data;
      wall.dataset.events = "";
    });
  }
})();

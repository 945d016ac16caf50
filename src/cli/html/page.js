// Sorts, filters and turns the pages of the table. Without it the page shows the first rows.
"use strict";
(() => {
  const ROWS_A_PAGE = 200;
  const WAIT_MS = 150; // for the next letter of a filter
  const [INDEX, OK, STATUS, URL_, LAST, HOST, BYTES, TIME, REASON] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
  const COLUMNS = [INDEX, STATUS, URL_, HOST, BYTES, TIME, REASON];
  // As html/text.rs has it: whole, says what it shows, holds no user.
  const LINK = /^https?:\/\/[!-.0->A-[\]-~]+([/?#][!-[\]-~]*)?$/i;

  const at = (id) => document.getElementById(id);
  const table = at("records");
  if (!table) return;

  // A block at a time, so that no text stays in memory beside what was read from it.
  const records = [];
  for (const block of document.querySelectorAll("script.rows")) {
    for (const record of JSON.parse(block.textContent)) records.push(record);
    block.remove();
  }

  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  let sorted = { column: INDEX, down: false };
  let chosen = records;
  let page = 0;

  const number = new Intl.NumberFormat("en").format;

  // As Rust writes it: what lies exactly between two goes to the even one.
  const fixed = (value, digits) => {
    const scaled = value * 10 ** digits;
    const between = scaled % 1 === 0.5 && Number.isInteger(value * 8);
    return (between ? 2 * Math.round(scaled / 2) / 10 ** digits : value).toFixed(digits);
  };
  // As render/units.rs has it.
  const size = (bytes) => {
    if (bytes < 1024) return `${bytes} B`;
    const units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let amount = bytes / 1024, unit = 0;
    for (; Math.round(amount) >= 1024; unit++) amount /= 1024;
    return `${fixed(amount, Math.round(amount * 10) < 1000 ? 1 : 0)} ${units[unit]}`;
  };
  const time = (us) => {
    if (us === 0) return "0 ms";
    if (us < 95) return `${fixed(us / 1e3, 2)} ms`;
    if (us < 9950) return `${fixed(us / 1e3, 1)} ms`;
    if (us < 999500) return `${fixed(us / 1e3, 0)} ms`;
    if (us < 9995000) return `${fixed(us / 1e6, 2)} s`;
    return `${fixed(us / 1e6, us < 99950000 ? 1 : 0)} s`;
  };

  const cell = (row, name, text, className) => {
    const made = row.appendChild(document.createElement(name));
    if (className) made.className = className;
    made.append(...[].concat(text));
    return made;
  };
  const address = (text) => {
    if (!LINK.test(text)) return text;
    const link = document.createElement("a");
    link.href = text;
    link.rel = "noreferrer";
    link.textContent = text;
    return link;
  };
  const rowOf = (record) => {
    const row = document.createElement("tr");
    if (!record[OK]) row.className = "failed";
    cell(row, "td", String(record[INDEX]), "number");
    cell(row, "td", String(record[STATUS] ?? 0).padStart(3, "0"), "status");
    const url = [address(record[URL_])];
    if (record[LAST]) url.push(" → ", address(record[LAST]));
    cell(row, "th", url).scope = "row";
    cell(row, "td", record[HOST]);
    cell(row, "td", record[BYTES] === null ? "–" : size(record[BYTES]), "number");
    cell(row, "td", record[TIME] === null ? "–" : time(record[TIME]), "number");
    cell(row, "td", record[REASON]);
    return row;
  };

  const pages = () => Math.max(1, Math.ceil(chosen.length / ROWS_A_PAGE));
  const draw = () => {
    page = Math.min(Math.max(page, 0), pages() - 1);
    const from = page * ROWS_A_PAGE;
    const rows = chosen.slice(from, from + ROWS_A_PAGE);
    body.replaceChildren(...rows.map(rowOf));
    const of = chosen.length === records.length ? "" : ` that match, of ${number(records.length)}`;
    at("shown").textContent = rows.length === 0
      ? `No URL matches, of ${number(records.length)}.`
      : `${number(from + 1)} to ${number(from + rows.length)} of ${number(chosen.length)}${of}, ` +
        `sorted by ${heads[COLUMNS.indexOf(sorted.column)].textContent}${sorted.down ? ", descending" : ""}`;
    at("page").textContent = `Page ${number(page + 1)} of ${number(pages())}`;
    at("previous").disabled = page === 0;
    at("next").disabled = page + 1 === pages();
    at("pages").hidden = pages() === 1;
  };

  // What is missing comes last, whatever the direction; equal ones stay in the list's order.
  const compare = (one, other) => {
    const [a, b] = [one[sorted.column], other[sorted.column]];
    if (a === b) return one[INDEX] - other[INDEX];
    if (a === null || a === "") return 1;
    if (b === null || b === "") return -1;
    return (a < b ? -1 : 1) * (sorted.down ? -1 : 1);
  };
  const choose = () => {
    const words = at("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
    const outcome = at("outcome").value;
    const matches = (record) => {
      if (outcome && Boolean(record[OK]) !== (outcome === "ok")) return false;
      if (words.length === 0) return true;
      const text = `${record[STATUS] ?? "000"} ${record[URL_]} ${record[LAST]} ${record[HOST]} ${record[REASON]}`.toLowerCase();
      return words.every((word) => text.includes(word));
    };
    chosen = records.filter(matches);
    if (sorted.column !== INDEX || sorted.down) chosen.sort(compare);
    page = 0;
    draw();
  };

  const sortBy = (column) => {
    // Sizes and times are asked for from their large end.
    const down = sorted.column === column ? !sorted.down : column === BYTES || column === TIME;
    sorted = { column, down };
    heads.forEach((head, place) => {
      if (COLUMNS[place] === column) head.setAttribute("aria-sort", down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    choose();
  };
  heads.forEach((head, place) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    button.addEventListener("click", () => sortBy(COLUMNS[place]));
    head.replaceChildren(button);
  });
  heads[0].setAttribute("aria-sort", "ascending");

  let waiting = 0;
  at("filter").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(choose, WAIT_MS);
  });
  at("outcome").addEventListener("change", choose);
  at("controls").addEventListener("submit", (event) => event.preventDefault());
  const turn = (pages) => {
    page += pages;
    draw();
    table.scrollIntoView();
  };
  at("previous").addEventListener("click", () => turn(-1));
  at("next").addEventListener("click", () => turn(1));
  at("controls").hidden = at("shown").hidden = false;
  draw();
})();

// Sorting: every head of a sortable table becomes a button; without scripts it stays a head.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  [...table.tHead.rows[0].cells].forEach((head, index) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => sort(body, head, index));
  });
}

function sort(body, head, index) {
  const down = head.getAttribute("aria-sort") === "ascending";
  for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const numeric = head.classList.contains("number");
  const key = (row) => {
    const cell = row.cells[index];
    return numeric ? parseFloat(cell.dataset.value ?? "NaN") : cell.textContent.trim();
  };
  const compare = (a, b) => {
    if (!numeric) return a.localeCompare(b, "en", { numeric: true });
    // What was not measured stays at the end in both directions.
    if (Number.isNaN(a) || Number.isNaN(b)) return (Number.isNaN(a) - Number.isNaN(b)) * (down ? -1 : 1);
    return a - b;
  };
  const rows = [...body.rows].sort((a, b) => compare(key(a), key(b)) * (down ? -1 : 1));
  body.append(...rows);
}

// Filtering: a text field above every large table; a row stays when it holds each of the words.
const LARGE = 12;
function filterable(table) {
  const rows = [...table.tBodies[0].rows];
  if (rows.length <= LARGE) return;
  const label = document.createElement("label");
  const field = document.createElement("input");
  field.type = "search";
  const shown = document.createElement("output");
  label.append("Show rows with ", field);
  const bar = document.createElement("p");
  bar.className = "filter";
  bar.append(label, shown);
  table.closest(".scroll").before(bar);
  const filter = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
    const kept = rows.filter((row) => !row.hidden).length;
    bar.classList.toggle("used", kept < rows.length);
    shown.textContent = kept === rows.length ? `${kept} rows` : `${kept} of ${rows.length} rows`;
  };
  field.addEventListener("input", filter);
  filter();
}
for (const table of document.querySelectorAll("table.sortable:not([data-runs])")) filterable(table);

// What only the page's one copy of the runs holds is shown once a reader opens its fold; printing opens none.
let printing = false;
function show(fold) {
  if (printing || !fold.open) return;
  for (const table of fold.querySelectorAll("table[data-runs]")) {
    fill(table);
    filterable(table);
  }
  if (fold.dataset.runs) list(fold);
}
for (const fold of document.querySelectorAll("details")) fold.addEventListener("toggle", () => show(fold));

// A link to a run's command opens the fold that the command lies in.
function reveal() {
  const name = decodeURIComponent(location.hash.slice(1));
  const run = runs.find((run) => `run-${run.run}` === name);
  const unlisted = run && document.querySelector(`details[data-runs="${run.cell.runs[0][0]}"]`);
  if (unlisted) {
    unlisted.open = true;
    show(unlisted);
    location.replace(location.href);  // what is new here is the target only once it is gone to
  }
  const target = name && document.getElementById(name);
  const fold = target && target.closest("details");
  if (fold) { fold.open = true; target.scrollIntoView(); }
}
addEventListener("hashchange", reveal);
reveal();

// Paper shows what is folded. Browsers that know ::details-content need no script for it.
const unfolded = [];
addEventListener("beforeprint", () => {
  printing = true;
  for (const fold of document.querySelectorAll("details:not([open])")) {
    fold.open = true;
    unfolded.push(fold);
  }
});
addEventListener("afterprint", () => {
  for (const fold of unfolded.splice(0)) fold.open = false;
  setTimeout(() => { printing = false; });
});

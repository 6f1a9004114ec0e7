const data = JSON.parse(document.getElementById("data").textContent);
const STORE = "masquerade-curation:" + data.id;
const CHUNK = 240; // cells that a section grows by
const MOST_UNDONE = 5000; // changes that are remembered to be taken back

const $ = (selector, within) => (within || document).querySelector(selector);
const all = (selector, within) => [...(within || document).querySelectorAll(selector)];
function make(tag, name, text) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text !== undefined) made.textContent = text;
  return made;
}
const counted = (n) => n.toLocaleString("en");

// A proposal looks like a mark, but only `marks` (file -> mark) are a person's word.
const pictures = data.pictures.map(([file, kind, thumb, width, height, proposal, looksLike], number) => ({
  number, file, kind, thumb, width, height, proposal, looksLike, cells: [], notes: [],
}));
const proposed = (picture) => verdict(picture.proposal);
const decided = (picture) => verdict(marks.get(picture.file));
const leftOut = (picture) => (decided(picture) || proposed(picture)) === "reject";
const wanted = { all: () => true, open: (p) => !decided(p), out: leftOut, kept: (p) => ["keep", "move"].includes(decided(p)) };

let kept = null;
try {
  kept = JSON.parse(localStorage.getItem(STORE));
} catch { /* what can't be read is begun anew */ }
const seen = Object.entries(data.marks);
let { marks, sent, undone, redone } = recall(kept, seen, new Map(pictures.map((p) => [p.file, p.looksLike])));
const view = asView(kept && kept.view, data.sections.map((told) => told.key), Object.keys(wanted));
for (const picture of pictures) if (!picture.looksLike && decided(picture) === "move") picture.looksLike = marks.get(picture.file)[1];

const warning = $(".warning");
function store() {
  const whole = { marks: [...marks], seen, sent: [...sent], undone, redone, view };
  for (const what of [whole, { ...whole, undone: [], redone: [] }]) {
    try {
      localStorage.setItem(STORE, JSON.stringify(what));
      warning.hidden = true;
      return;
    } catch { /* too much, or the browser keeps nothing for files */ }
  }
  warning.hidden = false;
  warning.textContent = "This browser does not keep your marks: download them before you close the page.";
}

// One step of the hand, which may be a cluster: [file, before, after] of each.
function commit(changes) {
  const real = changes.filter(([, before, after]) => !same(before, after));
  if (!real.length) return;
  apply(real, 2);
  undone.push(real);
  redone = [];
  let known = undone.reduce((sum, step) => sum + step.length, 0);
  while (undone.length > 1 && known > MOST_UNDONE) known -= undone.shift().length;
  refresh();
}
const byFile = new Map();
for (const picture of pictures) byFile.set(picture.file, [...(byFile.get(picture.file) || []), picture]);
function apply(changes, side) {
  for (const change of changes) {
    if (change[side]) marks.set(change[0], change[side]);
    else marks.delete(change[0]);
    for (const picture of byFile.get(change[0]) || []) picture.cells.forEach(paint);
  }
}
function back(from, to, side) {
  const step = from.pop();
  if (!step) return;
  apply(step, side);
  to.push(step);
  refresh();
  const first = byFile.get(step[0][0]);
  if (first) {
    const seen = first[0].cells.find((cell) => cell.isConnected && cell.offsetParent);
    if (seen) go(seen);
  }
}
const undo = () => back(undone, redone, 1);
const redo = () => back(redone, undone, 2);
function decide(what, chosen) {
  // Who moved a picture by hand said where to: M on a whole section leaves that as it is.
  const able = chosen.filter((p) => what !== "move" || (p.looksLike && decided(p) !== "move"));
  const markOf = (p) => (what === "move" ? ["keep", p.looksLike, BY_HAND] : what ? [what, "", BY_HAND] : null);
  commit(able.map((picture) => [picture.file, marks.get(picture.file) || null, markOf(picture)]));
}

// A cell: the picture as a slide, with what was found and what becomes of it.
const WORDS = { reject: "left out", keep: "kept" };
function stateOf(picture) {
  const mark = decided(picture);
  if (mark) return ["mark-" + mark, mark === "move" ? "→ " + marks.get(picture.file)[1] : WORDS[mark]];
  const what = proposed(picture);
  if (what === "reject") return ["propose-reject", "leave out?"];
  if (what === "move") return ["propose-move", "→ " + picture.proposal[1] + "?"];
  return ["", ""];
}
function paint(cell) {
  const picture = pictures[cell.dataset.n];
  const [state, said] = stateOf(picture);
  cell.className = "cell " + state + (cell === here ? " here" : "");
  $(".flag", cell).textContent = said;
  cell.setAttribute("aria-label", [picture.file, said || "undecided", cell.dataset.note].filter(Boolean).join(", "));
}
function cellOf(number, note) {
  const picture = pictures[number];
  const cell = make("figure", "cell");
  cell.dataset.n = number;
  cell.dataset.note = note || "";
  cell.tabIndex = -1;
  cell.setAttribute("role", "group");
  const slide = make("div", "slide");
  const image = make("img");
  image.loading = "lazy";
  image.decoding = "async";
  image.alt = "";
  image.src = picture.thumb;
  if (Math.max(picture.width, picture.height) < 100) slide.classList.add("small");
  slide.append(image, make("span", "flag"));
  const choice = make("div", "choice");
  for (const [what, sign, said] of [["keep", "✓", "Keep"], ["reject", "✕", "Reject"], ["move", "→", "Move to " + picture.looksLike]]) {
    if (what === "move" && !picture.looksLike) continue;
    const button = make("button", what[0], sign);
    button.tabIndex = -1;
    button.title = said;
    button.setAttribute("aria-label", said + ": " + picture.file);
    button.dataset.what = what;
    choice.append(button);
  }
  const caption = make("figcaption");
  const name = make("span", "file", picture.file);
  name.title = picture.file + (picture.kind ? " (" + picture.kind + ")" : "");
  caption.append(name, make("span", "note", note || ""));
  slide.append(choice);
  cell.append(slide, caption);
  picture.cells.push(cell);
  paint(cell);
  return cell;
}

// Sections grow while they are scrolled through: ten thousand pictures are no reason to wait.
const main = $("main");
const sections = data.sections.map((told) => {
  for (const group of told.groups) for (const [number, note] of group) if (note) pictures[number].notes.push(note);
  const box = make("section");
  box.dataset.kind = told.key;
  const head = make("div", "head");
  const title = make("h2", "", told.title);
  const count = make("span");
  title.append(count);
  head.append(title, make("p", "say", told.say));
  const take = make("button", "act", "Accept suggestions");
  head.append(take);
  const trays = make("div", "trays" + (told.clusters ? "" : " flat"));
  const more = make("button", "act more", "Show more");
  box.append(head, trays, more);
  const section = { ...told, box, trays, more, take, count, next: 0, groups: told.groups, shown: [] };
  more.addEventListener("click", () => grow(section));
  take.addEventListener("click", () => {
    const open = section.shown.flat().map(([n]) => pictures[n]).filter((p) => p.proposal && !decided(p));
    commit([...new Set(open)].map((p) => [p.file, null, [...p.proposal.slice(0, 2), BY_HAND]]));
  });
  return section;
});
function grow(section) {
  let room = CHUNK;
  while (section.next < section.shown.length && room > 0) {
    const group = section.shown[section.next++];
    const cells = group.map(([number, note]) => cellOf(number, note));
    room -= cells.length;
    if (section.clusters) {
      const tray = make("div", "tray");
      tray.append(...cells);
      section.trays.append(tray);
    } else section.trays.append(...cells);
  }
  section.more.hidden = section.next >= section.shown.length;
}
const nearing = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) grow(sections.find((s) => s.more === entry.target));
}, { rootMargin: "1200px" });

function lay() {
  const was = here && Number(here.dataset.n);
  here = null;
  for (const picture of pictures) picture.cells = [];
  main.replaceChildren();
  const test = wanted[view.which];
  for (const section of sections) {
    nearing.unobserve(section.more);
    if (view.kind && section.key !== view.kind) continue;
    section.shown = section.groups.filter((group) => group.some(([n]) => test(pictures[n])));
    if (!section.clusters) section.shown = section.shown.map((g) => g.filter(([n]) => test(pictures[n]))).flatMap((g) => g.map((one) => [one]));
    if (!section.shown.length) continue;
    section.trays.replaceChildren();
    section.next = 0;
    grow(section);
    main.append(section.box);
    nearing.observe(section.more);
  }
  const tellings = !view.kind && data.unreadable.length ? [unreadable()] : [];
  main.append(...tellings);
  if (!main.children.length) main.append(make("p", "none", "There is nothing here."));
  const again = was !== null && pictures[was] && pictures[was].cells[0];
  rove(again || $(".cell"));
  refresh();
}
function unreadable() {
  const box = make("section");
  const head = make("div", "head");
  head.append(make("h2", "", "Not to be read"), make("p", "say", "These files are no pictures, or damaged; prepare passes them by, too."));
  const table = make("table");
  for (const [file, reason] of data.unreadable) {
    const row = make("tr");
    row.append(make("td", "", file), make("td", "", reason));
    table.append(row);
  }
  box.append(head, table);
  return box;
}

// The hand: one cell is here; arrows go to the next by the eye.
let here = null;
function rove(cell) {
  if (here) { here.tabIndex = -1; here.classList.remove("here"); }
  here = cell;
  if (here) { here.tabIndex = 0; here.classList.add("here"); }
}
function go(cell) {
  rove(cell);
  cell.focus({ preventScroll: true });
  cell.scrollIntoView({ block: "nearest" });
  if (loupe.open) magnify();
}
function beside(step) {
  const cells = all(".cell");
  let at = cells.indexOf(here) + step;
  const section = here && sections.find((s) => s.box === here.closest("section"));
  if (step > 0 && section && !section.more.hidden && here === all(".cell", section.box).pop()) {
    grow(section);
    return all(".cell")[at];
  }
  return cells[Math.min(cells.length - 1, Math.max(0, at))];
}
function across(step) {
  const box = here.getBoundingClientRect();
  const middle = box.left + box.width / 2;
  let best = null, cost = Infinity;
  for (const cell of all(".cell")) {
    const its = cell.getBoundingClientRect();
    const down = (its.top - box.top) * step;
    if (down < box.height / 2) continue;
    const far = down * 4 + Math.abs(its.left + its.width / 2 - middle);
    if (far < cost) [best, cost] = [cell, far];
  }
  return best;
}
function around(cell) {
  const together = cell.closest(".tray") || cell.closest(".trays");
  return [...new Set(all(".cell", together).map((each) => pictures[each.dataset.n]))];
}
const DECIDES = { k: "keep", r: "reject", m: "move", x: "" };
const GOES = { ArrowRight: () => beside(1), ArrowLeft: () => beside(-1), ArrowDown: () => across(1), ArrowUp: () => across(-1) };
document.addEventListener("keydown", (event) => {
  if (help.open || event.altKey || event.target.matches("select, input[type=range]")) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const command = event.ctrlKey || event.metaKey;
  let known = true;
  if (command && key === "z") event.shiftKey ? redo() : undo();
  else if (command && key === "y") redo();
  else if (command) known = false;
  else if (key === "u") event.shiftKey ? redo() : undo();
  else if (key === "y") redo();
  else if (key === "?") help.showModal();
  else if (!here) known = false;
  else if (key in GOES) { const next = GOES[key](); if (next) go(next); }
  else if (key in DECIDES) {
    const cell = here;
    decide(DECIDES[key], event.shiftKey ? around(cell) : [pictures[cell.dataset.n]]);
    if (!event.shiftKey && DECIDES[key]) go(beside(1) || cell);
    else go(cell);
  } else if (key === "Enter" && !event.target.closest("button")) loupe.open ? loupe.close() : magnify();
  else known = false;
  if (known) event.preventDefault();
});
main.addEventListener("click", (event) => {
  const cell = event.target.closest(".cell");
  if (!cell) return;
  const button = event.target.closest("button");
  rove(cell);
  if (!button) { cell.focus({ preventScroll: true }); return; }
  const picture = pictures[cell.dataset.n];
  const what = decided(picture) === button.dataset.what ? "" : button.dataset.what;
  decide(what, event.shiftKey ? around(cell) : [picture]);
});
main.addEventListener("dblclick", (event) => {
  const cell = event.target.closest(".cell");
  if (cell && !event.target.closest("button")) { rove(cell); magnify(); }
});
main.addEventListener("focusin", (event) => {
  if (event.target.classList.contains("cell")) rove(event.target);
});

const loupe = $("#loupe"), help = $("#help");
function magnify() {
  const picture = pictures[here.dataset.n];
  const image = $("img", loupe);
  image.src = picture.thumb;
  image.className = Math.max(picture.width, picture.height) < 300 ? "crisp" : "";
  const said = $(".said", loupe);
  const [state, words] = stateOf(picture);
  const about = [picture.kind, picture.width + " × " + picture.height].filter(Boolean).join(" · ");
  said.replaceChildren(make("b", "", picture.file), make("span", "", about + " "), make("span", "state " + (decided(picture) || proposed(picture)), words));
  for (const note of new Set(picture.notes)) said.append(make("div", "", note));
  if (!loupe.open) loupe.showModal();
}
$(".stage", loupe).addEventListener("click", () => loupe.close());
loupe.addEventListener("close", () => here && here.focus({ preventScroll: true }));

// What stands above: kinds with their counts, what came of it so far, and the file.
const chips = $(".chips");
function chip(key, title, count) {
  const made = make("button", "chip", title);
  made.append(make("b", "", counted(count)));
  made.dataset.kind = key;
  made.addEventListener("click", () => { view.kind = key; here = null; lay(); scrollTo(0, 0); });
  chips.append(made);
}
const inSection = (section) => new Set(section.groups.flat().map(([n]) => n));
chip("", "Everything", pictures.length);
for (const section of sections) chip(section.key, section.title, inSection(section).size);

function refresh() {
  let kept = 0, out = 0, open = 0;
  for (const [decision] of marks.values()) decision === "reject" ? out++ : kept++;
  const answered = (file) => marks.has(file);
  for (const picture of pictures) if (picture.proposal && !answered(picture.file)) open++;
  for (const [file] of data.others) if (!answered(file)) open++;
  const counts = $(".counts");
  counts.replaceChildren();
  for (const [n, name, said] of [[kept, "in", " kept"], [out, "out", " rejected by you"], [open, "", " suggested"]]) {
    if (counts.childNodes.length) counts.append(" · ");
    counts.append(make("b", name, counted(n)), said);
  }
  for (const section of sections) {
    const open = section.shown.flat().filter(([n]) => pictures[n].proposal && !decided(pictures[n])).length;
    section.take.disabled = !open;
    section.take.textContent = open ? "Accept " + counted(open) + (open === 1 ? " suggestion" : " suggestions") : "No open suggestions";
    section.count.textContent = section.clusters ? counted(section.shown.length) + (section.shown.length === 1 ? " cluster" : " clusters") : counted(section.shown.length);
  }
  for (const each of all(".chip")) each.setAttribute("aria-pressed", String(each.dataset.kind === view.kind));
  $("#undo").disabled = !undone.length;
  $("#redo").disabled = !redone.length;
  if (loupe.open && here) magnify();
  store();
}
$("#undo").addEventListener("click", undo);
$("#redo").addEventListener("click", redo);
$("#keys").addEventListener("click", () => help.showModal());
$("#which").addEventListener("change", (event) => { view.which = event.target.value; lay(); });
$("#with").addEventListener("change", (event) => { view.proposals = event.target.checked; store(); });
$("#side").addEventListener("input", (event) => resize(Number(event.target.value)));
function resize(side) {
  view.side = side;
  document.documentElement.style.setProperty("--side", side + "rem");
  store();
}

// The decision file: columns as `prepare --decisions` reads them.
const quoted = (text) => (/[",\r\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text);
function decisions() {
  const rows = new Map();
  if (view.proposals) {
    const asked = [...pictures.filter((p) => p.proposal).map((p) => [p.file, ...p.proposal]), ...data.others];
    for (const [file, decision, kind, reason] of asked) rows.set(file, [file, decision, kind, data.suggested + reason]);
  }
  for (const [file, mark] of marks) rows.set(file, [file, ...mark]);
  const sorted = [...rows.values()].sort((a, b) => (a[0] < b[0] ? -1 : 1));
  return [["file", "decision", "class", "reason"], ...sorted].map((row) => row.map(quoted).join(",") + "\n").join("");
}
$("#download").addEventListener("click", () => {
  const link = make("a");
  link.href = URL.createObjectURL(new Blob([decisions()], { type: "text/csv;charset=utf-8" }));
  link.download = "decisions.csv";
  link.click();
  sent = new Map(marks);
  store();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
});

$("#which").value = view.which;
$("#with").checked = view.proposals;
$("#side").value = view.side;
resize(view.side);
lay();

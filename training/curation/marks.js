"use strict";
// What a person decided of a picture, as the decision file says it: [decision, class, reason]. A mark
// carries its own class: what the finders say of a picture may change with every report.
const BY_HAND = "by hand";
const isText = (told) => typeof told === "string";
const list = (told) => (Array.isArray(told) ? told : []);
const same = (one, other) => (one && other ? one[0] === other[0] && one[1] === other[1] : !one === !other);
const verdict = (mark) => (!mark ? "" : mark[0] === "keep" && mark[1] ? "move" : mark[0]);

// The browser may hold anything under our name, an older page's marks too: those were mere words, and a
// move of theirs meant the class that the picture looked like.
function asMark(told, looksLike) {
  if (told === "move") return looksLike ? ["keep", looksLike, BY_HAND] : null;
  if (told === "keep" || told === "reject") return [told, "", BY_HAND];
  const whole = Array.isArray(told) && told.length === 3 && told.every(isText);
  return whole && ["keep", "reject"].includes(told[0]) ? told : null;
}
function asMarks(told, looksLike) {
  const pairs = list(told).filter((pair) => Array.isArray(pair) && isText(pair[0]));
  return new Map(pairs.map(([file, mark]) => [file, asMark(mark, looksLike.get(file))]).filter(([, mark]) => mark));
}
function asSteps(told, looksLike) {
  const asChange = ([file, ...sides]) => [file, ...[0, 1].map((n) => asMark(sides[n], looksLike.get(file)))];
  const steps = list(told).map((step) => list(step).filter((change) => Array.isArray(change) && isText(change[0])).map(asChange));
  return steps.map((step) => step.filter(([, before, after]) => !same(before, after))).filter((step) => step.length);
}
function asView(told, kinds, filters) {
  const { kind, which, side, proposals } = { ...told };
  return {
    kind: kinds.includes(kind) ? kind : "",
    which: filters.includes(which) ? which : filters[0],
    side: side >= 5 && side <= 22 ? Number(side) : 9,
    proposals: proposals !== false,
  };
}

// The browser's marks and those of the report's decision file, picture by picture. Where both speak of one
// and differ, the file wins if that word is news: neither what the report said when it was last open here
// nor what the last download took along. Else the browser decided later, and wins. What news replaced
// is one step that can be taken back, so no mark made here is lost either.
function recall(kept, report, looksLike) {
  const { marks, seen, sent, undone, redone } = { ...kept };
  const found = {
    marks: asMarks(marks, looksLike),
    sent: asMarks(sent, looksLike),
    undone: asSteps(undone, looksLike),
    redone: asSteps(redone, looksLike),
  };
  const before = asMarks(seen, looksLike);
  const replaced = [];
  for (const [file, told] of report) {
    const mine = found.marks.get(file) || null;
    if (!same(mine, told)) {
      if (same(told, before.get(file)) || same(told, found.sent.get(file))) continue;
      if (!same(mine, before.get(file))) replaced.push([file, mine, told]);
    }
    found.marks.set(file, told);
  }
  if (replaced.length) {
    found.undone.push(replaced);
    found.redone = [];
  }
  return found;
}

"use strict";
const form = document.querySelector("form");
const words = document.getElementById("_words");
const selects = [...form.querySelectorAll("select")];
const rows = [...document.querySelectorAll("tbody tr")];
const told = document.getElementById("_count");
const plain = text => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
const texts = new Map(rows.map(row => [row, plain(row.textContent)]));

function fits(row, wanted) {
  const chosen = select => {
    const own = row.dataset[select.dataset.of];
    return !select.value || own === select.value || (select.dataset.of === "year" && own.split(" ").includes(select.value));
  };
  return wanted.every(word => texts.get(row).includes(word)) && selects.every(chosen);
}

function show() {
  const wanted = plain(words.value).split(/\s+/).filter(Boolean);
  for (const row of rows) row.hidden = !fits(row, wanted);
  const count = rows.filter(row => !row.hidden).length;
  const all = rows.length === 1 ? "1 report" : `${rows.length} reports`;
  const said = count === rows.length ? all : count ? `${count} of ${all}` : `No report fits, of ${all}`;
  if (told.textContent !== said) told.textContent = said;
}

form.addEventListener("input", show);
form.addEventListener("submit", event => event.preventDefault());
form.addEventListener("reset", () => setTimeout(() => { show(); words.focus(); }));
addEventListener("pageshow", show);
form.hidden = false;
show();

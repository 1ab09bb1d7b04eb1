"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const root = document.documentElement;

  /* Theme: what the system says, unless somebody said otherwise. */
  const button = $("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const stored = () => { try { return localStorage.getItem("gfplint-theme"); } catch { return null; } };
  const store = (value) => { try { localStorage.setItem("gfplint-theme", value); } catch { /* not allowed here */ } };
  const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const paint = () => {
    button.setAttribute("aria-pressed", String(dark()));
    button.textContent = dark() ? "Light" : "Dark";
    button.setAttribute("aria-label", "Dark colours");
  };
  if (["light", "dark"].includes(stored())) root.dataset.theme = stored();
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    store(root.dataset.theme);
    paint();
  });
  system.addEventListener("change", paint);
  paint();

  /* Filter. */
  const form = $("filter");
  if (!form) return;
  form.hidden = false;
  const articles = [...document.querySelectorAll("article")];
  const boxes = (name) => [...form.querySelectorAll(`input[name=${name}]`)];
  const drawn = [...document.querySelectorAll("[data-f]")].map((element) => [element, element.dataset.f.split(" ")]);
  const texts = new Map();
  const textOf = (article) => {
    if (!texts.has(article)) texts.set(article, article.textContent.toLowerCase().replace(/\s+/g, " "));
    return texts.get(article);
  };
  const chosen = (name) => boxes(name).filter((box) => box.checked).map((box) => box.value);

  const apply = () => {
    const words = $("q").value.toLowerCase().split(/\s+/).filter(Boolean);
    const rules = chosen("rule"), levels = chosen("confidence"), file = $("file").value;
    const shown = new Set();
    articles.forEach((article, number) => {
      const { rule, confidence, file: path } = article.dataset;
      const match = (!rules.length || rules.includes(rule)) && (!levels.length || levels.includes(confidence)) &&
        (!file || file === path) && words.every((word) => textOf(article).includes(word));
      article.hidden = !match;
      if (match) shown.add(String(number));
    });
    for (const [element, numbers] of drawn) element.classList.toggle("off", !numbers.some((number) => shown.has(number)));
    $("count").textContent = `${shown.size} of ${articles.length} shown`;
    $("none").hidden = shown.size > 0;
    $("everything").disabled = shown.size === articles.length;
  };

  /* The address keeps the filter: #q=…&file=…&rule=…&confidence=…, and #open=… names a finding. */
  const save = () => {
    const state = new URLSearchParams();
    if ($("q").value) state.set("q", $("q").value);
    if ($("file").value) state.set("file", $("file").value);
    for (const name of ["rule", "confidence"]) for (const value of chosen(name)) state.append(name, value);
    history.replaceState(null, "", `#${state}`);
  };
  const load = () => {
    if (/^#[\w-]+$/.test(location.hash)) return;  /* a place on the page */
    const state = new URLSearchParams(location.hash.slice(1));
    $("q").value = state.get("q") ?? "";
    $("file").value = state.get("file") ?? "";
    if ($("file").selectedIndex < 0) $("file").value = "";
    for (const name of ["rule", "confidence"]) {
      const values = state.getAll(name);
      for (const box of boxes(name)) box.checked = values.includes(box.value);
    }
    apply();
    const wanted = articles.find((article) => article.dataset.key === state.get("open"));
    if (wanted) {
      wanted.querySelector("details").open = true;
      wanted.scrollIntoView();
      wanted.querySelector("summary").focus({ preventScroll: true });
    } else if (state.get("q")) {
      $("findings-title").scrollIntoView({ block: "nearest" });
    }
  };
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => { apply(); save(); });
  const reset = () => { form.reset(); apply(); save(); };
  $("everything").addEventListener("click", reset);
  addEventListener("hashchange", load);
  load();

  const unfold = $("unfold");
  unfold.addEventListener("click", () => {
    const open = unfold.getAttribute("aria-pressed") !== "true";
    for (const article of articles) if (!article.hidden) article.querySelector("details").open = open;
    unfold.setAttribute("aria-pressed", String(open));
    unfold.textContent = open ? "Fold" : "Unfold";
  });

  /* What is shown is printed unfolded; what was folded before is again afterwards. */
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = articles.filter((a) => !a.hidden).map((a) => a.querySelector("details")).filter((d) => !d.open);
    for (const details of folded) details.open = true;
  });
  addEventListener("afterprint", () => { for (const details of folded) details.open = false; });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && form.contains(event.target)) { reset(); return; }
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
    if (event.key === "/") {
      event.preventDefault();
      $("q").focus();
    } else if (event.key === "j" || event.key === "k") {
      const visible = articles.filter((article) => !article.hidden);
      const current = visible.findIndex((article) => article.contains(document.activeElement));
      const next = visible[current < 0 ? 0 : current + (event.key === "j" ? 1 : -1)];
      if (next) {
        next.querySelector("summary").focus({ preventScroll: true });
        next.scrollIntoView({ block: "start" });
      }
    }
  });
})();

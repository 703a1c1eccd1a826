"use strict";
{
  const root = document.documentElement;
  const steps = () => document.querySelectorAll("details.step");
  const unfold = (open) => { for (const step of steps()) step.open = open; };
  const shown = (name) => {
    const step = name && document.getElementById(name);
    if (step instanceof HTMLDetailsElement) { step.open = true; step.scrollIntoView(); }
  };
  const looks = ["", "light", "dark"];
  const select = (text) => {
    const range = document.createRange();
    range.selectNodeContents(text);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
  };
  const copy = async (button) => {
    const text = button.parentElement.querySelector("pre");
    try {
      await navigator.clipboard.writeText(text.textContent);
      button.textContent = "copied";
    } catch {
      select(text);
      button.textContent = "selected";
    }
    setTimeout(() => { button.textContent = "copy"; }, 1500);
  };
  const does = {
    copy,
    unfold: () => unfold(true),
    fold: () => unfold(false),
    look: () => { root.dataset.look = looks[(looks.indexOf(root.dataset.look ?? "") + 1) % looks.length]; },
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-does]");
    if (button) does[button.dataset.does](button);
  });
  addEventListener("hashchange", () => shown(location.hash.slice(1)));
  addEventListener("beforeprint", () => unfold(true));
  root.dataset.script = "";
  shown(location.hash.slice(1));
}

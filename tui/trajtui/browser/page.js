// A terminal in a page makes links of the addresses that a recording shows: none of them is followed.
window.open = () => null;

// The cells are measured once, when the terminal is made: its font has to be there by then.
const begin = window.onload;
window.onload = async (event) => {
  document.getElementById("again").addEventListener("click", () => window.location.reload());
  await Promise.allSettled([document.fonts.load("14px 'Roboto Mono'")]);
  begin(event);
};

// Keys go to the terminal from its first frame on, without a click: the websocket is there by then.
new MutationObserver((_, observer) => {
  if (document.body?.classList.contains("-first-byte")) {
    observer.disconnect();
    document.querySelector(".xterm-helper-textarea").focus();
  }
}).observe(document.documentElement, { subtree: true, attributeFilter: ["class"] });

// What scrolls sideways can be reached with the keyboard, the search says what it is, no name in a table is broken.
document$.subscribe(() => {
  for (const element of document.querySelectorAll(".md-typeset__scrollwrap, pre > code")) element.tabIndex = 0
  for (const code of document.querySelectorAll("table:not([class]) code")) unbroken(code)
  document.querySelector(".md-search")?.setAttribute("aria-label", "Search")
})

// A line may end between the words of a command, and nowhere else.
function unbroken(code) {
  const words = code.textContent.split(" ").map((text) => Object.assign(document.createElement("span"), { className: "word", textContent: text }))
  code.replaceChildren(...words.flatMap((word, i) => (i ? [" ", word] : [word])))
}

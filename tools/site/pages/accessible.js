// What scrolls sideways can be reached with the keyboard, and says what it is.
document$.subscribe(() => {
  for (const [selector, name] of [[".md-typeset__scrollwrap", "table"], ["pre > code", "code"]]) {
    for (const element of document.querySelectorAll(selector)) {
      element.tabIndex = 0
      element.setAttribute("role", "region")
      element.setAttribute("aria-label", name)
    }
  }
})

// The error summary takes the focus, so that a screen reader starts there (WCAG 3.3.1).
behave("summary", (summary) => summary.focus());

// The name typed at sign-in goes along to the page of a link marked data-carries, in this tab's own
// store for that one step: no address, log or history sees it.
behave("carry", (form) => {
  const field = form.querySelector("[name=login], [name=email]");
  const carried = sessionStorage.getItem("typed");
  sessionStorage.removeItem("typed");
  if (carried && !field.value && (field.type !== "email" || carried.includes("@"))) {
    field.value = carried;
  }
  for (const link of document.querySelectorAll("[data-carries]")) {
    link.addEventListener("click", () => sessionStorage.setItem("typed", field.value));
  }
});

// A behaviour is attached by data-behaviour="name" and never needed: where one fails, the page goes
// on without it. The files of this folder are joined into one module, this one first.
const behave = (name, act) => {
  for (const element of document.querySelectorAll(`[data-behaviour~="${name}"]`)) {
    try {
      act(element);
    } catch (error) {
      console.warn(name, error);
    }
  }
};

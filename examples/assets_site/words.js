const times = count => (count === 1 ? "once" : count === 2 ? "twice" : `${count} times`);

/** { "index.html": 2 } in words. */
export const sentence = visits =>
  `Python counted: ${Object.entries(visits).map(([page, count]) => `${page} ${times(count)}`).join(", ")}.`;

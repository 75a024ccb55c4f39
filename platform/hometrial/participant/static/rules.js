"use strict";
/* The rules of questionnaires on the device: the same closed language, the same three values as on the server.
   What nobody answered is unknown (null), and what depends on it is neither true nor false. */
const Rules = (() => {
  const signs = {
    "==": (a, b) => a === b, "!=": (a, b) => a !== b, "<": (a, b) => a < b,
    "<=": (a, b) => a <= b, ">": (a, b) => a > b, ">=": (a, b) => a >= b,
  };
  const known = (values, name) => values[name] ?? null;
  const operand = (part, values) => (Array.isArray(part) ? known(values, part[0]) : part);
  const not = (found) => (found === null ? null : !found);
  const some = (found) => {
    if (found.includes(true)) return true;
    return found.every((each) => each === false) ? false : null;
  };
  const compare = (left, sign, right) =>
    left === null || right === null ? null : signs[sign](left, right);

  function decide(rule, values) {
    const [kind, ...parts] = rule;
    switch (kind) {
      case "every": return not(some(parts.map((part) => not(decide(part, values)))));
      case "some": return some(parts.map((part) => decide(part, values)));
      case "not": return not(decide(parts[0], values));
      case "is": return compare(operand(parts[0], values), parts[1], operand(parts[2], values));
      case "greater": return some(parts[0].map((name) => compare(known(values, name), ">", parts[1])));
      case "answered": return known(values, parts[0]) !== null;
      case "among": {
        const value = known(values, parts[0]);
        return value === null ? null : parts[1].includes(value);
      }
      default: throw new Error(`no rule: ${kind}`);
    }
  }

  /* What depends on hidden items alone is hidden like them. */
  function shown(condition, values, hidden) {
    if (!condition) return true;
    const found = decide(condition.rule, values);
    const blank = condition.names.filter((name) => known(values, name) === null);
    return found === null && blank.every((name) => hidden.has(name)) ? false : found;
  }

  /* The ids of the items that are asked after these answers, in order. */
  function asked(items, answers) {
    const values = {}, hidden = new Set(), found = [];
    for (const item of items) {
      const is = shown(item.show_if, values, hidden);
      values[item.id] = is === false ? item.hidden_value ?? null : known(answers, item.id);
      if (is === false) hidden.add(item.id);
      if (is === true && item.asked !== false) found.push(item.id);
    }
    return found;
  }

  return { decide, asked };
})();

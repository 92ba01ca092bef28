"""The floor: a bare wry program (`../floor`). It is started without Python; this is its page's script only."""

from __future__ import annotations

GLUE = """
const handlers = {}, waiting = [];
const heard = (name, value) => handlers[name]?.(value);
const answer = value => waiting.shift()(value);
const post = text => ipc.postMessage(text);
const peer = {
  ready: async () => {},
  call: (name, value) => new Promise(settle => { waiting.push(settle); post(name + ' ' + value) }),
  emit: (name, value) => post(name + ' ' + (typeof value === 'object' ? JSON.stringify(value) : value)),
  on: (name, handler) => { handlers[name] = handler },
  up: bytes => fetch('/up', {method: 'POST', body: bytes}).then(() => bytes.length),
  down: size => fetch('/down').then(answer => answer.arrayBuffer()).then(buffer => new Uint8Array(buffer)),
};
"""

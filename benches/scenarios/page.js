// What a page does, for every peer the same. A peer's own script, which comes before this one, defines `peer`:
//   ready()              settles when the page can speak
//   call(name, value)    asks the host's function, for the answer
//   emit(name, value)    tells the host; may throw when too much waits, then room() settles when there is some
//   on(name, handler)    what the host tells
//   up(bytes), down(n)   bytes to the host, for their number; n bytes from the host
//   frames(count, size)  optional: the same many frames of bytes, as a stream
// Times are taken by the host, at the arrival of one call and of the next: the engine's clock has a millisecond.
'use strict';

const next = name => new Promise(settle => peer.on(name, settle));
const checkpoint = name => {
  const go = next('go');
  peer.emit('checkpoint', name);
  return go;
};
const forever = new Promise(() => {}); // the host ends this scenario

async function tick(count) {
  for (let n = 0; n < count; n++) {
    try {
      peer.emit('tick', n);
    } catch {
      await peer.room();
      peer.emit('tick', n);
    }
  }
}

async function* pulled(count, size) {
  for (let n = 0; n < count; n++) yield await peer.down(size);
}

const scenarios = {
  async start() {
    await checkpoint('paint');
  },

  // The driver kills the host now.
  async killed() {
    peer.emit('checkpoint', 'kill');
    setTimeout(() => { for (;;); });
    await forever;
  },

  async call({count}) {
    for (let n = 0; n < count; n++) await peer.call('echo', n);
  },

  async busy({count}) {
    await peer.call('burn', 0);
    await scenarios.call({count});
  },

  async text_up({count, size}) {
    const text = 'x'.repeat(size);
    for (let n = 0; n < count; n++) if (await peer.call('length', text) !== size) throw new Error('incomplete');
  },

  async text_down({count, size}) {
    for (let n = 0; n < count; n++) if ((await peer.call('text', size)).length !== size) throw new Error('incomplete');
  },

  async bytes_up({count, size}) {
    const bytes = new Uint8Array(size).fill(7);
    for (let n = 0; n < count; n++) if (await peer.up(bytes) !== size) throw new Error('incomplete');
  },

  async bytes_down({count, size}) {
    for (let n = 0; n < count; n++) if ((await peer.down(size)).length !== size) throw new Error('incomplete');
  },

  async flight({count, calls}) {
    const rate = [];
    for (let n = 0; n < count; n++) {
      const started = performance.now();
      await Promise.all(Array.from({length: calls}, (_, n) => peer.call('echo', n)));
      rate.push(calls / (performance.now() - started) * 1000);
    }
    return {rate};
  },

  async events_up({count}) {
    const all = next('all');
    await peer.call('mark', 0);
    await tick(count);
    await all;
  },

  async events_down({count, batch}) {
    let seen = 0, expected = 0, inversions = 0;
    await new Promise(settle => {
      peer.on('tick', n => {
        if (n !== expected) inversions++;
        expected = n + 1;
        if (++seen % batch === 0) peer.emit('got', seen);
        if (seen === count) settle();
      });
      peer.emit('begin', 0);
    });
    return {inversions: [inversions]};
  },

  async ping() {
    peer.on('ping', n => peer.emit('pong', n));
    peer.emit('begin', 0);
    await forever;
  },

  async evaluate() {
    peer.emit('begin', 0);
    await forever;
  },

  async views() {
    peer.emit('begin', 0);
    await forever;
  },

  async idle() {
    await checkpoint('idle');
  },

  async frames({count, width, height}) {
    const canvas = document.querySelector('canvas');
    [canvas.width, canvas.height] = [width, height];
    const context = canvas.getContext('2d'), started = performance.now();
    for await (const bytes of (peer.frames || pulled)(count, width * height * 4)) {
      context.putImageData(new ImageData(new Uint8ClampedArray(bytes.buffer, bytes.byteOffset, bytes.length), width, height), 0, 0);
    }
    const fps = count / (performance.now() - started) * 1000;
    return {fps: [fps], rate: [fps * width * height * 4 / 2 ** 20]};
  },

  async flat_events({count, steps}) {
    for (let step = 1; step <= steps; step++) {
      const all = next('all');
      await tick(count);
      await all;
      await checkpoint(`step ${step}`);
    }
  },

  async flat_bytes({count, size, steps}) {
    const bytes = new Uint8Array(size).fill(7);
    for (let step = 1; step <= steps; step++) {
      for (let n = 0; n < count; n++) {
        await peer.up(bytes);
        await peer.down(size);
      }
      await checkpoint(`step ${step}`);
    }
  },
};

async function run(name, options) {
  await peer.ready();
  peer.emit('first', 0);
  try {
    peer.emit('finish', await scenarios[name](options) || {});
  } catch (error) {
    peer.emit('failed', String(error));
  }
}

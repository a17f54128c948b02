'use strict';
// Everything a service can do to take more than its share.
const router = require('@arangodb/foxx/router')();
module.context.use(router);

const BOMBS = {
  loop() {
    for (;;);
  },
  finally() {
    for (;;) {
      try {
        for (;;);
      } catch (e) {
        continue;
      } finally {
        // The loop swallows whatever would end it.
        continue;
      }
    }
  },
  allocate() {
    const all = [];
    for (;;) {
      all.push({ filler: new Array(100).fill(all.length) });
    }
  },
  strings() {
    const all = [];
    for (let i = 0; ; i += 1) {
      all.push(`${i}${'x'.repeat(1e6)}`.split('').join('-'));
    }
  },
  buffers() {
    const all = [];
    for (;;) {
      all.push(new Uint8Array(1 << 24).fill(1));
    }
  },
  sort() {
    const endless = Array.from({ length: 1e6 }, (_, i) => i % 1000);
    for (;;) {
      endless.sort(() => Math.random() - 0.5);
    }
  },
  pattern() {
    // The engine gives up on one match after a while; the service does not.
    for (;;) {
      /^((a+)+)+$/.test(`${'a'.repeat(60)}b`);
    }
  },
  recurse() {
    const down = depth => down(depth + 1) + 1;
    return down(0);
  }
};

router.get('/:name', (req, res) => {
  BOMBS[req.pathParams.name]();
  res.json({ survived: true });
});

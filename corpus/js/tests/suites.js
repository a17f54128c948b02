// The test runner: suites, hooks, pending tests, failures.
// why: names of both styles may be mixed; hooks outermost first before and innermost first after
'use strict';
const { expect } = require('chai');
const order = [];
before(() => order.push('before'));
beforeEach(() => order.push('each'));
describe('outer', () => {
  setup(() => order.push('inner each'));
  it('adds', () => expect(1 + 1).to.equal(2));
  suite('deep', () => {
    test('knows the order', () =>
      expect(order.slice(0, 4).join()).to.equal('before,each,inner each,each'));
  });
  it('fails', () => {
    throw new TypeError('on purpose');
  });
  it('is pending');
  it.skip('is skipped', () => {
    throw new Error('never');
  });
  it('skips itself', function () {
    this.skip();
  });
  it('calls done', (done) => done());
});
describe.skip('off', () => it('never', () => {}));
module.exports = { 'exported suite': { 'exported test': () => {} } };

// => TESTS tap
// <~ 1..9
// <~ ok 1 outer adds
// <~ not ok 2 outer fails
// <~ TypeError: on purpose
// <~ ok 3 outer is pending # SKIP -
// <~ ok 7 outer deep knows the order
// <~ ok 8 off never # SKIP -
// <~ ok 9 exported suite exported test
// <~ # fail 1
// => TESTS xunit
// <~ <?xml version="1.0" encoding="UTF-8"?>
// <~ failures="1"
// <~ <testcase classname="outer" name="adds"
// => TESTS stream
// <~ ["start",{"total":
// <~ ["pass",{"title":"adds","fullTitle":"outer adds",
// <~ ["fail",{"title":"fails"

// The bundled packages are there in the versions that services expect.
// why: joi 14, lodash 4, chai 3.5, sinon 1.17, statuses 1 and the rest of the list
'use strict';
const joi = require('joi');
const { expect } = require('chai');
expect([1, 2]).to.eql([1, 2]);
expect({ a: { b: 1 } }).to.have.deep.property('a.b', 1);
const spy = require('sinon').spy();
spy(1);
module.exports = {
  joi: [
    joi.validate('x', joi.number()).error.message,
    joi.string().isJoi,
    joi.version.split('.')[0],
  ],
  lodash: [require('lodash').VERSION.split('.')[0], require('lodash/fp').map((x) => x + 1)([1])],
  statuses: [require('statuses')['not found'], require('statuses')[404]],
  httpErrors: [
    require('http-errors')(404).message,
    new (require('http-errors').Forbidden)().statusCode,
  ],
  sinon: [spy.calledOnce, spy.calledWith(1)],
  qs: require('qs').stringify({ a: { b: 1 } }),
  semver: require('semver').satisfies('3.12.5', '^3.0.0'),
  minimatch: require('minimatch')('dist/a.spec.js', 'dist/**.spec.js'),
  yaml: require('js-yaml').safeLoad('a: [1]').a[0],
  dedent: require('dedent')('  a\n  b'),
  marked: require('marked')('*x*').trim(),
  iconv: require('iconv-lite').decode(Buffer.from([233]), 'latin1'),
  aqb: require('aqb').for('x').in('y').return('x').toAQL(),
  i: require('i')().pluralize('person'),
  highlight: require('highlight.js').highlight('json', '1').value,
  mime: require('mime-types').lookup('a.css'),
  expect: typeof require('expect.js'),
  timezone: typeof require('timezone'),
  stack: typeof require('error-stack-parser').parse,
};

// => SCRIPT
// << {"joi":["\"value\" must be a number",true,"14"],"lodash":["4",[2]],"statuses":[404,"Not Found"],"httpErrors":["Not Found",403],"sinon":[true,true],"qs":"a%5Bb%5D=1","semver":true,"minimatch":true,"yaml":1,"dedent":"a\nb","marked":"<p><em>x</em></p>","iconv":"é","aqb":"FOR x IN y RETURN x","i":"people","highlight":"<span class=\"hljs-number\">1</span>","mime":"text/css","expect":"function","timezone":"function","stack":"function"}

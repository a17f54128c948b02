'use strict';
const { expect } = require('chai');
const entries = require('../lib/entries');
const { draft } = require('../lib/schemas');

describe('entries', () => {
  const keys = [];
  const create = (author, text) => {
    const created = entries.create({ author, text });
    keys.push(created._key);
    return created;
  };

  afterEach(() => {
    for (const key of keys.splice(0)) {
      entries.remove(key);
    }
  });

  it('are read as they were written', () => {
    const created = create('Ada', 'Hello');
    expect(created).to.have.all.keys('_key', 'author', 'text', 'createdAt');
    expect(entries.read(created._key)).to.eql(created);
  });

  it('are listed by author, page by page', () => {
    for (const text of ['one', 'two', 'three']) {
      create('Grace', text);
    }
    const page = entries.list({ author: 'Grace', offset: 1, limit: 1 });
    expect(page.total).to.equal(3);
    expect(page.entries).to.have.length(1);
    expect(page.entries[0].author).to.equal('Grace');
  });

  it('are counted by author', () => {
    create('Linus', 'one');
    create('Linus', 'two');
    const row = entries.countByAuthor(100).find(({ author }) => author === 'Linus');
    expect(row).to.eql({ author: 'Linus', entries: 2 });
  });

  it('cannot be read once removed', () => {
    const { _key } = entries.create({ author: 'Ada', text: 'Gone' });
    entries.remove(_key);
    expect(() => entries.read(_key)).to.throw('document not found');
  });
});

describe('a draft', () => {
  it('needs an author and a text', () => {
    expect(draft.validate({ author: 'Ada' }).error).to.have.property('isJoi', true);
    expect(draft.validate({ author: ' ', text: 'x' }).error).to.have.property('isJoi', true);
  });

  it('has its white space trimmed', () => {
    const { error, value } = draft.validate({ author: ' Ada ', text: ' Hello ' });
    expect(error).to.equal(null);
    expect(value).to.eql({ author: 'Ada', text: 'Hello' });
  });
});

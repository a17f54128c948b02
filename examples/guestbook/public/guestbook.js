'use strict';
const byId = id => document.getElementById(id);

async function call(path, options) {
  const response = await fetch(path, options);
  const body = await response.json();
  if (!response.ok) {
    throw new Error(body.errorMessage);
  }
  return body;
}

function render({ author, text, createdAt }) {
  const item = document.createElement('li');
  const words = document.createElement('p');
  const footer = document.createElement('footer');
  words.textContent = text;
  footer.textContent = `${author}, ${new Date(createdAt).toLocaleString()}`;
  item.append(words, footer);
  return item;
}

async function refresh() {
  const { total, entries } = await call('entries');
  byId('entries').replaceChildren(...entries.map(render));
  byId('total').textContent = total === 1 ? 'One entry so far.' : `${total} entries so far.`;
}

async function sign(event) {
  event.preventDefault();
  const form = event.target;
  byId('problem').textContent = '';
  try {
    await call('entries', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(Object.fromEntries(new FormData(form)))
    });
    form.reset();
    await refresh();
  } catch (e) {
    byId('problem').textContent = e.message;
  }
}

byId('form').addEventListener('submit', sign);
call('about').then(({ title }) => {
  document.title = title;
  byId('title').textContent = title;
});
refresh().catch(e => {
  byId('problem').textContent = e.message;
});

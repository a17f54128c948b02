'use strict';
const joi = require('joi');

// What a visitor sends.
exports.draft = joi.object().keys({
  author: joi.string().trim().min(1).max(80).required(),
  text: joi.string().trim().min(1).max(2000).required()
});

// What the service answers.
exports.entry = exports.draft.keys({
  _key: joi.string().required(),
  createdAt: joi.string().isoDate().required()
});

exports.page = joi.object().keys({
  total: joi.number().integer().required(),
  entries: joi.array().items(exports.entry).required()
});

exports.keySchema = joi.string().regex(/^[a-zA-Z0-9_-]+$/).max(254).required();

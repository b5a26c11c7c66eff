'use strict';

const express = require('express');
const _ = require('lodash');
const argv = require('minimist')(process.argv.slice(2));

const app = express();
const slots = { 'bay-1': 12, 'bay-2': 7, 'bay-3': 0 };

app.get('/healthz', (req, res) => res.send('ok\n'));
app.get('/slots', (req, res) => res.json(_.pickBy(slots, (free) => free > 0)));

const port = argv.port || process.env.PORT || 8080;
app.listen(port, () => console.log(`quayside listens on ${port}`));

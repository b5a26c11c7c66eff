'use strict';
(function () {
  var data = JSON.parse(document.getElementById('data').textContent);
  var severities = data.severities;
  var step = 100;
  var collator = new Intl.Collator(undefined, { numeric: true });

  function element(name, props, children) {
    var e = document.createElement(name);
    for (var key in props || {}) {
      if (key === 'text') { e.textContent = props[key]; } else if (key === 'click') { e.addEventListener('click', props[key]); } else { e.setAttribute(key, props[key]); }
    }
    (children || []).forEach(function (c) { if (c) { e.appendChild(typeof c === 'string' ? document.createTextNode(c) : c); } });
    return e;
  }
  function byId(id) { return document.getElementById(id); }
  function words(s) { return s.toLowerCase().split(/\s+/).filter(Boolean); }

  // A table shows the rows that its filter lets through, a page at a time.
  function Table(id, rows, columns, row, more) {
    var self = this;
    self.body = byId(id + '-body');
    if (!self.body) { return; }
    self.rows = rows; self.row = row; self.more = more; self.shown = step; self.sort = null; self.up = true;
    self.note = byId(id + '-note'); self.button = byId(id + '-more');
    self.keep = function () { return true; };
    self.button.addEventListener('click', function () { self.shown += step * 5; self.draw(); });
    var heads = byId(id + '-table').querySelectorAll('th[data-sort]');
    heads.forEach(function (th) {
      th.firstElementChild.addEventListener('click', function () {
        var key = th.getAttribute('data-sort');
        self.up = self.sort === key ? !self.up : true;
        self.sort = key;
        heads.forEach(function (h) { h.removeAttribute('aria-sort'); });
        th.setAttribute('aria-sort', self.up ? 'ascending' : 'descending');
        self.select();
      });
    });
    self.columns = columns;
    self.select();
  }
  Table.prototype.select = function () {
    var self = this, list = self.rows.filter(self.keep);
    if (self.sort) {
      var get = self.columns[self.sort], sign = self.up ? 1 : -1;
      list = list.map(function (r, i) { return [get(r), i, r]; }).sort(function (a, b) {
        var d = typeof a[0] === 'number' ? a[0] - b[0] : collator.compare(String(a[0]), String(b[0]));
        return sign * d || a[1] - b[1];
      }).map(function (x) { return x[2]; });
    }
    self.list = list; self.shown = step;
    self.draw();
  };
  Table.prototype.draw = function () {
    var self = this, part = document.createDocumentFragment();
    self.list.slice(0, self.shown).forEach(function (r) { self.row(r, part); });
    self.body.textContent = '';
    self.body.appendChild(part);
    var left = self.list.length - Math.min(self.shown, self.list.length);
    self.note.textContent = Math.min(self.shown, self.list.length) + ' of ' + self.list.length + (self.list.length === self.rows.length ? '' : ' selected, ' + self.rows.length + ' in all');
    self.button.hidden = left === 0;
    self.button.textContent = 'Show ' + Math.min(step * 5, left) + ' more';
  };

  function severity(n) { return element('span', { 'class': 'chip s-' + severities[n], text: severities[n] }); }
  function pair(list, name, value) {
    if (!value || value.length === 0) { return; }
    list.appendChild(element('dt', { text: name }));
    list.appendChild(element('dd', {}, Array.isArray(value) ? [element('ul', { 'class': 'plain' }, value.map(function (v) { return element('li', {}, [v]); }))] : [value]));
  }
  function link(address) { return element('a', { href: address, rel: 'noreferrer noopener', target: '_blank', text: address }); }

  function details(f) {
    var list = element('dl', { 'class': 'kv' });
    pair(list, 'Check', element('code', { text: f.check }));
    pair(list, 'Component', f.purl && element('code', { text: f.purl }));
    pair(list, 'Also known as', f.aliases);
    pair(list, 'Rated', f.rated);
    pair(list, 'Exploited', f.kev);
    pair(list, 'Likelihood', f.epss);
    pair(list, 'Priority', f.score ? f.score + ' of 100' + (f.reasons ? ': ' + f.reasons.join('; ') : '') : '');
    pair(list, 'Fixed in', f.fixed);
    pair(list, 'Brought by', f.origin);
    pair(list, 'Made by', f.made && element('code', { text: f.made }));
    pair(list, 'Places', (f.places || []).map(function (p) { return element('code', { text: p }); }));
    pair(list, 'Platform', f.platform);
    pair(list, 'Waiver', f.waiver);
    pair(list, 'What to do', f.fixes);
    pair(list, 'See', (f.refs || []).map(link));
    pair(list, 'Key', element('code', { text: f.key }));
    var evidence = (f.evidence || []).map(function (e) { return element('pre', { text: e }); });
    return element('div', {}, [f.message ? element('p', { text: f.message }) : null, f.text ? element('pre', { text: data.texts[f.text - 1] }) : null, list].concat(evidence));
  }

  var opened = {};
  function findingRow(f, into) {
    var id = 'f' + f.i;
    var row = element('tr', { 'class': 'head' + (f.waiver ? ' waived' : '') }, [
      element('td', {}, [severity(f.sev)]),
      element('td', {}, [element('button', { 'class': 'open mono', type: 'button', 'aria-expanded': opened[id] ? 'true' : 'false', text: f.name, click: function (e) {
        opened[id] = !opened[id];
        e.currentTarget.setAttribute('aria-expanded', opened[id] ? 'true' : 'false');
        if (opened[id]) { row.after(moreRow(f)); } else { row.nextSibling.remove(); }
      } })]),
      element('td', {}, [element('span', { 'class': 'mono', text: f.where })]),
      element('td', { text: f.title }),
      element('td', f.fix ? { 'data-head': 'fix:' } : {}, [f.fix])
    ]);
    into.appendChild(row);
    if (opened[id]) { into.appendChild(moreRow(f)); }
  }
  function moreRow(f) { return element('tr', { 'class': 'more' }, [element('td', { colspan: 5 }, [details(f)])]); }

  data.findings.forEach(function (f, i) {
    f.i = i;
    f.search = [f.name, f.check, f.where, f.title, f.message, f.purl, (f.aliases || ''), (f.places || []).join(' '), f.key].join(' ').toLowerCase();
  });
  var only = null;
  var findings = new Table('findings', data.findings, {
    severity: function (f) { return f.sev; }, name: function (f) { return f.name; }, where: function (f) { return f.where; },
    title: function (f) { return f.title; }, fix: function (f) { return f.fix; }
  }, findingRow);
  if (findings.body) {
    var box = byId('findings-search'), family = byId('findings-family'), fixable = byId('findings-fixable'), waived = byId('findings-waived'), clear = byId('findings-clear');
    var choose = function () {
      var wanted = words(box.value), on = {};
      document.querySelectorAll('[data-severity]').forEach(function (c) { on[c.getAttribute('data-severity')] = c.checked; });
      clear.hidden = !only;
      findings.keep = function (f) {
        return on[severities[f.sev]] && (!family.value || f.check.split('/')[0] === family.value) && (!fixable.checked || f.mendable) &&
          (waived.checked || !f.waiver) && (!only || only[f.key] || only[f.check]) && wanted.every(function (w) { return f.search.indexOf(w) >= 0; });
      };
      findings.select();
    };
    var wait;
    box.addEventListener('input', function () { clearTimeout(wait); wait = setTimeout(choose, 120); });
    [family, fixable, waived].concat(Array.from(document.querySelectorAll('[data-severity]'))).forEach(function (c) { c.addEventListener('change', choose); });
    clear.addEventListener('click', function () { only = null; choose(); });
    document.querySelectorAll('[data-checks]').forEach(function (b) {
      b.hidden = false;
      b.addEventListener('click', function () {
        only = {};
        b.getAttribute('data-checks').split(' ').forEach(function (c) { only[c] = true; });
        waived.checked = true;
        choose();
        byId('findings').scrollIntoView();
        box.focus({ preventScroll: true });
      });
    });
    choose();
  }

  data.components.forEach(function (c) { c.search = [c.name, c.version, c.purl, c.licenses, c.place].join(' ').toLowerCase(); });
  var components = new Table('components', data.components, {
    name: function (c) { return c.name; }, version: function (c) { return c.version; }, type: function (c) { return c.type; }, findings: function (c) { return c.findings || 0; }
  }, function (c, into) {
    into.appendChild(element('tr', {}, [
      element('td', {}, [element('span', { 'class': 'mono', text: c.name })]), element('td', {}, [element('span', { 'class': 'mono', text: c.version })]),
      element('td', { text: c.type }), element('td', { text: c.licenses }), element('td', {}, [element('span', { 'class': 'mono', text: c.place })]),
      element('td', c.findings ? { 'class': 'num', 'data-head': 'findings:' } : { 'class': 'num' }, [c.findings ? String(c.findings) : ''])
    ]));
  });
  if (components.body) {
    var search = byId('components-search'), pause;
    search.addEventListener('input', function () {
      clearTimeout(pause);
      pause = setTimeout(function () {
        var wanted = words(search.value);
        components.keep = function (c) { return wanted.every(function (w) { return c.search.indexOf(w) >= 0; }); };
        components.select();
      }, 120);
    });
  }
  document.querySelectorAll('.filters, .pager').forEach(function (e) { e.hidden = false; });
  window.addEventListener('beforeprint', function () {
    document.querySelectorAll('details').forEach(function (d) { d.open = true; });
  });
})();

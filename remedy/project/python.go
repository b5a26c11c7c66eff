package project

import (
	"errors"
	"strconv"
	"strings"
)

const pythonDockerfile = `
# syntax=docker/dockerfile:1

FROM python:{{python}}-slim-trixie AS build
WORKDIR /app
ENV PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH VIRTUAL_ENV=/opt/venv
COPY {{manifests}} ./
{{install}}

FROM python:{{python}}-slim-trixie
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PORT={{port}}
WORKDIR /app
COPY --from=build /opt/venv /opt/venv
COPY . .
USER 65532:65532
EXPOSE {{port}}
HEALTHCHECK --start-period=10s --interval=30s --timeout=3s \
    CMD ["python", "-c", "import socket; socket.create_connection(('127.0.0.1', {{port}}), 2).close()"]
CMD [{{start}}]
`

// pythonMinor is the release that is run with, unless the project asks for
// another one that is still cared for.
const pythonMinor = 13

// The releases of the installers that are used where a project has their
// lock file.
const (
	poetryVersion = "2.2.1"
	uvVersion     = "0.9.30"
)

func pythonProject(f *folder, p *Project) error {
	p.Kind, p.Tool = "python", "pip"
	pyproject, lines := f.read("pyproject.toml"), f.read("requirements.txt")
	manifests := "requirements.txt"
	install := "RUN --mount=type=cache,target=/root/.cache/pip pip install -r requirements.txt"
	switch {
	case f.has("uv.lock"):
		p.Tool, manifests, lines = "uv", "pyproject.toml uv.lock", pyproject+f.read("uv.lock")
		install = "RUN --mount=type=cache,target=/root/.cache/pip pip install uv==" + uvVersion + "\n" +
			"RUN --mount=type=cache,target=/root/.cache/uv uv sync --frozen --no-dev --no-install-project --active"
	case f.has("poetry.lock"):
		p.Tool, manifests, lines = "poetry", "pyproject.toml poetry.lock", pyproject+f.read("poetry.lock")
		install = "RUN --mount=type=cache,target=/root/.cache/pip python -m venv /opt/poetry && /opt/poetry/bin/pip install poetry==" + poetryVersion + "\n" +
			"RUN --mount=type=cache,target=/root/.cache/pypoetry /opt/poetry/bin/poetry install --only=main --no-root --no-interaction"
	case !f.has("requirements.txt"):
		return errors.New("pyproject.toml has no uv.lock, poetry.lock or requirements.txt beside it: lock the dependencies first, so that the image gets what was tested")
	}
	start, err := p.pythonStart(f, strings.ToLower(lines))
	if err != nil {
		return err
	}
	p.ignore = []string{"__pycache__/", "*.pyc", ".venv/", "venv/", ".pytest_cache/", ".mypy_cache/", ".ruff_cache/", ".tox/", "htmlcov/", "*.egg-info/"}
	p.dockerfile = fill(pythonDockerfile, "python", "3."+strconv.Itoa(f.pythonMinor(pyproject)), "manifests", manifests, "install", install, "port", strconv.Itoa(p.Port), "start", start)
	return nil
}

// pythonStart is the array that starts the application.
func (p *Project) pythonStart(f *folder, requirements string) (string, error) {
	port := strconv.Itoa(p.Port)
	wsgi := ""
	for _, name := range f.glob("*/wsgi.py") {
		if plain(name) {
			wsgi = strings.ReplaceAll(strings.TrimSuffix(name, ".py"), "/", ".") + ":application"
			break
		}
	}
	module := strings.TrimSuffix(f.first("main.py", "app.py", "server.py", "wsgi.py", "asgi.py"), ".py")
	text := ""
	if module != "" {
		text = f.read(module + ".py")
	}
	for _, name := range []string{"app", "application", "api"} {
		assigned := strings.Contains(text, "\n"+name+" = ") || strings.HasPrefix(text, name+" = ")
		switch {
		case wsgi != "" && strings.Contains(requirements, "gunicorn"):
			return `"gunicorn", "--bind=0.0.0.0:` + port + `", "` + wsgi + `"`, nil
		case assigned && strings.Contains(requirements, "uvicorn"):
			return `"uvicorn", "` + module + ":" + name + `", "--host=0.0.0.0", "--port=` + port + `"`, nil
		case assigned && strings.Contains(requirements, "gunicorn"):
			return `"gunicorn", "--bind=0.0.0.0:` + port + `", "` + module + ":" + name + `"`, nil
		}
	}
	if module == "" {
		return "", errors.New("nothing says how the application starts: no main.py, app.py, server.py, or wsgi.py with gunicorn")
	}
	p.note("the container runs %s.py, which gets the port as PORT; a server for production such as gunicorn or uvicorn was not found", module)
	return `"python", "` + module + `.py"`, nil
}

// pythonMinor is the release that the project asks for, if it is still cared
// for.
func (f *folder) pythonMinor(pyproject string) int {
	texts := []string{f.read(".python-version")}
	for line := range strings.Lines(pyproject) {
		if key, value, ok := strings.Cut(line, "="); ok && strings.TrimSpace(key) == "requires-python" && strings.Contains(value, "==") {
			texts = append(texts, strings.Trim(value, "=<>~^ \"'\n\r"))
		}
	}
	for _, text := range texts {
		parts := strings.Split(strings.TrimSpace(text), ".")
		if n, err := strconv.Atoi(second(parts)); err == nil && parts[0] == "3" && n >= 11 && n <= 14 {
			return n
		}
	}
	return pythonMinor
}

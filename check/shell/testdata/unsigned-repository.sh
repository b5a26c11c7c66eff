echo "deb https://x stable main" | sudo tee /etc/apt/sources.list.d/x.list # want `signed-by`
echo "deb [signed-by=/usr/share/keyrings/x.gpg] https://x stable main" > /etc/apt/sources.list.d/x.list
echo "deb is a format"

chmod 777 /x # want `every user`
chmod -R 0777 /x # want `every user`
chmod 750 /x
chmod u+w x

from busybox as a
	run echo one \  
 two\\
RUN echo \
# c
\
   x
CMD [ "a", "b"  ] 
CMD [ "a", b ]
ENTRYPOINT ["a"] x
CMD
RUN []
run    \


   echo  spaced   
FROM a
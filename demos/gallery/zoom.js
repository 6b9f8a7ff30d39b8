const zoom = document.querySelector("dialog");
for (const button of document.querySelectorAll("button.zoom"))
  button.onclick = () => {
    const shown = [...button.children].find((image) => image.offsetWidth > 0);
    zoom.querySelector("figure").replaceChildren(shown.cloneNode());
    zoom.showModal();
  };
zoom.onclick = () => zoom.close();
